import type { Clock } from '../../shared/clock.ts';
import type { PurchaseEvent } from '../buyer/buyer-context.ts';
import { formatByteSize } from './byte-size.ts';
import { planLines, whatIsBought } from './plan-text.ts';
import { qrCode } from './qr-code.ts';
import { paint, type Terminal } from './terminal.ts';

/** Milliseconds between two drawings. */
const REDRAW = 200;
/** Milliseconds between two plain lines: often enough to see that it goes on, too seldom to fill a log. */
const PLAIN_EVERY = 30_000;
/** Milliseconds over which the rate is measured. */
const RATE_WINDOW = 10_000;
/** Plain lines for payments: one for each, up to this many in a purchase. */
const PAYMENT_LINES = 200;
const BAR = 20;

export function progressReporter(output: Terminal, clock: Clock): (event: PurchaseEvent) => void {
  const status = statusLine(output, clock);
  let paid = 0n;
  return (event) => {
    switch (event.kind) {
      case 'bytes':
        status.draw(event.done, event.total, paid);
        break;
      case 'chunk-paid':
        paid = event.paid;
        if (!output.isTerminal && isDue(event.chunk, event.chunks)) {
          status.line(`chunk ${event.chunk + 1} of ${event.chunks} paid, ${event.paid} sat so far`);
        }
        break;
      case 'chunk-verified':
        break;
      default:
        if (event.kind === 'planned') paid = event.paid;
        status.line(sentence(event, output, clock.now()));
    }
  };
}

function isDue(chunk: number, chunks: number): boolean {
  const every = Math.ceil(chunks / PAYMENT_LINES);
  return (chunk + 1) % every === 0 || chunk + 1 === chunks;
}

function sentence(
  event: Exclude<PurchaseEvent, { kind: 'bytes' | 'chunk-verified' | 'chunk-paid' }>,
  output: Terminal,
  now: number,
): string {
  switch (event.kind) {
    case 'planned': {
      const what = `${event.resumed ? 'going on with' : 'buying'} ${whatIsBought(event)} for ${event.price} sat`;
      return [what, ...planLines(event, now)].join('\n');
    }
    case 'deposit-needed':
      return [
        `waiting for a deposit: pay ${event.satoshis} sat to ${event.address}`,
        `  ${event.uri}`,
        `${qrCode(event.uri, output)}  it goes on once the payment is in a block; Ctrl-C and the same command later do no harm`,
      ].join('\n');
    case 'channel-opened':
      return `channel ${event.channelId.slice(0, 12)} for ${event.capacity} sat, refundable from height ${event.refundHeight}`;
    case 'funding-to-sign':
      return `the refund is signed, so now the funding may be: ${event.txid} (fee ${event.fee} sat)\n  ${event.instruction}`;
    case 'funding-sent':
      return `the refund is signed; funding ${event.txid} sent (fee ${event.fee} sat)`;
    case 'confirmations':
      return event.need === undefined
        ? 'waiting for the funding to be in a block'
        : `funding has ${event.have} of ${event.need} confirmations`;
    case 'channel-closed':
      return `channel ${event.channelId.slice(0, 12)} closed (${event.state})`;
    case 'returned':
      return `${event.satoshis} sat are on their way back in ${event.txid}`;
    case 'settled':
      return `settled by ${event.txid} at height ${event.height}, ${event.returned} sat came back`;
  }
}

interface StatusLine {
  draw(done: number, total: number, paid: bigint): void;
  line(text: string): void;
}

function statusLine(output: Terminal, clock: Clock): StatusLine {
  const { write, isTerminal, columns } = output;
  let drawnAt = 0;
  let drawn = false;
  let samples: readonly Sample[] = [];
  const clear = () => {
    if (drawn) write('\r\u001b[K');
    drawn = false;
  };
  return {
    draw(done, total, paid) {
      const now = clock.now();
      const isFirst = samples.length === 0;
      const isOften = now - drawnAt < (isTerminal ? REDRAW : PLAIN_EVERY);
      if (!isFirst && isOften && (done < total || !isTerminal)) return;
      drawnAt = now;
      const window = isTerminal ? RATE_WINDOW : 2 * PLAIN_EVERY;
      samples = [...samples.filter(({ at }) => now - at <= window), { at: now, done }];
      const text = progressText(done, total, rateOf(samples), paid);
      if (!isTerminal) {
        if (!isFirst) write(`${text}\n`);
        return;
      }
      clear();
      // A line that wraps could not be taken back.
      const isWide = columns - text.length > BAR + 1;
      write(isWide ? `${paint(output, 'green', barOf(done, total))} ${text}` : text.slice(0, columns - 1));
      drawn = true;
    },
    line(text) {
      clear();
      write(`${text}\n`);
    },
  };
}

interface Sample {
  readonly at: number;
  readonly done: number;
}

/** Bytes a second between the first and the last sample. */
function rateOf(samples: readonly Sample[]): number {
  const [first, last] = [samples.at(0), samples.at(-1)];
  if (!first || !last || last.at === first.at) return 0;
  return ((last.done - first.done) * 1000) / (last.at - first.at);
}

function barOf(done: number, total: number): string {
  const full = Math.floor((done / total) * BAR);
  return `${'█'.repeat(full)}${'░'.repeat(BAR - full)}`;
}

/** @param rate bytes a second */
export function progressText(done: number, total: number, rate: number, paid: bigint): string {
  const percent = Math.floor((done / total) * 100);
  const left = rate > 0 ? duration((total - done) / rate) : '–';
  const size = `${formatByteSize(done)} of ${formatByteSize(total)}`;
  return `${percent} %  ${size}  ${formatByteSize(Math.round(rate))}/s  ${left} left  ${paid} sat paid`;
}

function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}
