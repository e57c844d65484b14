import {
  restoreRecoveryFile as readRecoveryFile,
  recoveryFile as writeRecoveryFile,
} from '../buyer/recovery-file.ts';
import { type RefundReport, refund as refundChannels } from '../buyer/refund.ts';
import { buyerStatus, type StatusReport } from '../buyer/status.ts';
import { type BuyerOptions, openBuyer } from './buyer-options.ts';
import { withKnownFailures } from './known-failures.ts';
import { platform } from './platform.ts';

/**
 * Looks after the money of all channels: notes what has ended, and sends every refund whose height has come. Asks no shop, but
 * where `cancel` is given.
 * @param which `purchase`: the one of this id alone; `cancel`: have the shop give back at once what nothing was delivered for
 * @returns how each channel stands
 * @throws BuyerError
 */
export function refund(
  options: BuyerOptions,
  which: { readonly purchase?: string; readonly cancel?: boolean } = {},
): Promise<readonly RefundReport[]> {
  return withKnownFailures(async () => refundChannels(await openBuyer(options), which));
}

/** Wallets, purchases and channels, as journals and chain have them. @throws BuyerError */
export function status(options: BuyerOptions): Promise<StatusReport> {
  return withKnownFailures(async () => buyerStatus(await openBuyer(options)));
}

/**
 * All that brings money back, in one file: the wallet's words, and the terms and signatures of every purchase. Whoever has it has
 * the money. The command line, Node and browsers read each other's.
 * @param home as in `BuyerOptions`
 */
export function recoveryFile({ home }: Pick<BuyerOptions, 'home'>): Promise<Uint8Array> {
  return withKnownFailures(async () => writeRecoveryFile((await platform().open(home)).home));
}

/**
 * Puts what a recovery file holds into a home; what is there already stays.
 * @returns the ids of the purchases that were restored
 * @throws BuyerError usage where it is none, or of another wallet than is there
 */
export function restoreRecoveryFile(
  { home }: Pick<BuyerOptions, 'home'>,
  file: Uint8Array,
): Promise<readonly string[]> {
  return withKnownFailures(async () => readRecoveryFile((await platform().open(home)).home, file));
}
