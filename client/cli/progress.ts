import type { Clock } from '../../shared/clock.ts';
import type { PurchaseEvent } from '../buyer/buyer-context.ts';
import type { PurchasePlan } from '../buyer/purchase-plan.ts';
import { formatByteSize } from './byte-size.ts';

export interface ProgressOutput {
  write(text: string): void;
  /** A terminal takes a line that is drawn again and again; anything else gets plain lines, for they may end up in a log. */
  readonly isTerminal: boolean;
}

/** Milliseconds between two drawings. */
const REDRAW = 200;
/** Plain lines for payments: one for each, up to this many in a purchase. */
const PAYMENT_LINES = 200;

export function progressReporter(output: ProgressOutput, clock: Clock): (event: PurchaseEvent) => void {
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
      default:
        status.line(sentence(event));
    }
  };
}

function isDue(chunk: number, chunks: number): boolean {
  const every = Math.ceil(chunks / PAYMENT_LINES);
  return (chunk + 1) % every === 0 || chunk + 1 === chunks;
}

type PlannedEvent = Extract<PurchaseEvent, { kind: 'planned' }>;

function sentence(event: Exclude<PurchaseEvent, { kind: 'bytes' | 'chunk-paid' }>): string {
  switch (event.kind) {
    case 'planned':
      return plannedText(event);
    case 'deposit-needed':
      return `waiting for a deposit: pay ${event.satoshis} sat to ${event.address}\n  ${event.uri}`;
    case 'channel-opened':
      return `channel ${event.channelId.slice(0, 12)} for ${event.capacity} sat, refundable from height ${event.refundHeight}`;
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

function plannedText(event: PlannedEvent): string {
  const { resumed, price, ahead, atRisk } = event;
  const what = `${resumed ? 'going on with' : 'buying'} ${whatIsBought(event)} for ${price} sat`;
  return atRisk === 0n
    ? what
    : `${what}\n  ${counted(ahead, 'chunk')} paid before they arrive: a dishonest shop could keep ${atRisk} sat`;
}

/** A part says what else it costs: whole chunks, and two transactions for each channel. */
export function whatIsBought({ name, bytes, part }: PurchasePlan): string {
  if (!part) return `${name} (${formatByteSize(bytes)})`;
  const { files, chunks, chunksOfDataset, channels } = part;
  const how = `${chunks} of ${counted(chunksOfDataset, 'chunk')}, ${formatByteSize(bytes)}, through ${counted(channels, 'channel')}`;
  return `${counted(files, 'file')} of ${name} (${how})`;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

interface StatusLine {
  draw(done: number, total: number, paid: bigint): void;
  line(text: string): void;
}

function statusLine({ write, isTerminal }: ProgressOutput, clock: Clock): StatusLine {
  let drawnAt = 0;
  let drawn = false;
  let began: { readonly at: number; readonly done: number } | undefined;
  const clear = () => {
    if (drawn) write('\r\u001b[K');
    drawn = false;
  };
  return {
    draw(done, total, paid) {
      const now = clock.now();
      began ??= { at: now, done };
      if (!isTerminal || (now - drawnAt < REDRAW && done < total)) return;
      const rate = (done - began.done) / Math.max(0.001, (now - began.at) / 1000);
      clear();
      write(progressText(done, total, rate, paid));
      drawn = true;
      drawnAt = now;
    },
    line(text) {
      clear();
      write(`${text}\n`);
    },
  };
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
