import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { dueShard, outpointItem, settlementItem } from './channel-item.ts';
import type { ChannelChange, Expectation } from './channel-record.ts';
import { DUE_HEIGHT, DUE_SHARD, TTL_ATTRIBUTE } from './table.ts';

/** Collects an expression's names and values: every name is escaped, so that none can be a reserved word. */
export class Expression {
  readonly names: Record<string, string> = {};
  readonly values: Record<string, AttributeValue> = {};

  name(attribute: string): string {
    this.names[`#${attribute}`] = attribute;
    return `#${attribute}`;
  }

  value(value: AttributeValue): string {
    const placeholder = `:v${Object.keys(this.values).length}`;
    this.values[placeholder] = value;
    return placeholder;
  }
}

export function conditionOf(expectation: Expectation, expression: Expression): string {
  const { name, value } = bound(expression);
  const number = (input: number) => value({ N: `${input}` });
  const states = expectation.states.map((state) => value({ S: state }));
  const conditions = [`${name('state')} IN (${states.join(', ')})`];
  if (expectation.paid !== undefined) conditions.push(`${name('paid')} = ${number(expectation.paid)}`);
  if (expectation.paidBelow !== undefined)
    conditions.push(`${name('paid')} < ${number(expectation.paidBelow)}`);
  if (expectation.paidAtLeast !== undefined)
    conditions.push(`${name('paid')} >= ${number(expectation.paidAtLeast)}`);
  if (expectation.delivered !== undefined)
    conditions.push(`${name('delivered')} = ${number(expectation.delivered)}`);
  if (expectation.unpaidLinksBelow !== undefined) {
    conditions.push(`${name('unpaidLinks')} < ${number(expectation.unpaidLinksBelow)}`);
  }
  if (expectation.unclaimed) conditions.push(`attribute_not_exists(${name('claimed')})`);
  for (const entries of ['refunds', 'settlements'] as const) {
    const length = expectation[entries];
    if (length !== undefined) conditions.push(`size(${name(entries)}) = ${number(length)}`);
  }
  return conditions.join(' AND ');
}

export function updateOf(id: string, change: ChannelChange, expression: Expression): string {
  const { name, value } = bound(expression);
  const sets: string[] = [];
  const removes: string[] = [];
  const set = (attribute: string, input: AttributeValue) => sets.push(`${name(attribute)} = ${value(input)}`);
  const number = (input: number): AttributeValue => ({ N: `${input}` });

  if (change.state !== undefined) set('state', { S: change.state });
  if (change.claimed) set('claimed', outpointItem(change.claimed));
  if (change.funding) {
    const { outpoint, height, blockHash } = change.funding;
    set('funding', {
      M: { outpoint: outpointItem(outpoint), height: number(height), blockHash: { S: blockHash } },
    });
  }
  if (change.voided !== undefined) set('voided', { BOOL: change.voided });
  if (change.paid !== undefined) {
    // Right-hand sides are of the item before the update
    // (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html).
    sets.push(`${name('paidBefore')} = ${name('paid')}`);
    set('paid', number(change.paid));
  }
  if (change.commitment) set('commitment', { B: change.commitment });
  if (change.delivered !== undefined) set('delivered', number(change.delivered));
  if (change.unpaidLinks !== undefined) set('unpaidLinks', number(change.unpaidLinks));
  if (change.oneMoreUnpaidLink)
    sets.push(`${name('unpaidLinks')} = ${name('unpaidLinks')} + ${value(number(1))}`);
  if (change.addRefund) {
    const { outpoint, signature } = change.addRefund;
    const entry = value({ L: [{ M: { outpoint: outpointItem(outpoint), signature: { B: signature } } }] });
    sets.push(`${name('refunds')} = list_append(${name('refunds')}, ${entry})`);
  }
  if (change.addSettlement) {
    const entry = value({ L: [settlementItem(change.addSettlement)] });
    sets.push(`${name('settlements')} = list_append(${name('settlements')}, ${entry})`);
  }
  if (change.spend) {
    const { txid, height } = change.spend;
    set('spend', { M: { txid: { S: txid }, ...(height !== undefined && { height: number(height) }) } });
  }
  if (change.addRefund || change.dueAt !== undefined) {
    // Somebody relies on the record from now on.
    removes.push(name(TTL_ATTRIBUTE));
  }
  if (change.dueAt !== undefined) {
    set(DUE_SHARD, { S: dueShard(id) });
    set(DUE_HEIGHT, number(change.dueAt));
  }
  if (change.archiveAt !== undefined) {
    set(TTL_ATTRIBUTE, number(change.archiveAt));
    removes.push(name(DUE_SHARD), name(DUE_HEIGHT));
  }
  return `SET ${sets.join(', ')}${removes.length > 0 ? ` REMOVE ${removes.join(', ')}` : ''}`;
}

function bound(expression: Expression) {
  return {
    name: (attribute: string) => expression.name(attribute),
    value: (input: AttributeValue) => expression.value(input),
  };
}
