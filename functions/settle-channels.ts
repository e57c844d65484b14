import type { Context } from 'aws-lambda';
import { type SweepReport, sweep } from '../shared/channel/sweep.ts';
import { theShop } from './shop.ts';

/** Run by the schedule each minute. A failure of the whole run is thrown, so that it is counted and alarmed. */
export const handler = (
  _event: unknown,
  context: Pick<Context, 'getRemainingTimeInMillis'>,
): Promise<SweepReport> => sweep(theShop(), () => context.getRemainingTimeInMillis());
