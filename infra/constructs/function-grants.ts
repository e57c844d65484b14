import type { ROUTES } from '../../shared/http/routes.ts';
import type { KeyUse } from './seller-key.ts';

/** The functions there are: those of the routes and the schedule's. */
export type FunctionName = (typeof ROUTES)[keyof typeof ROUTES]['functionName'] | 'settle-channels';

/** What one function may do, and no more; `test/infra/permissions.test.ts` repeats it in IAM's words. */
export interface FunctionGrants {
  /** DynamoDB actions on the table. */
  readonly table: readonly ('GetItem' | 'PutItem' | 'UpdateItem' | 'Query')[];
  /** Queries the index of due channels. */
  readonly dueIndex?: true;
  /** Objects that it makes links to. */
  readonly objects?: 'manifests' | 'chunks';
  readonly key: KeyUse;
  /** Asks the chain, so it may need the secret with the sources' addresses. */
  readonly chain: boolean;
}

export const FUNCTION_GRANTS: Readonly<Record<FunctionName, FunctionGrants>> = {
  'get-shop': { table: [], key: 'public-key', chain: true },
  'list-datasets': { table: ['Query'], key: 'none', chain: false },
  'get-dataset': { table: ['GetItem'], objects: 'manifests', key: 'none', chain: false },
  'open-channel': { table: ['GetItem', 'PutItem'], key: 'public-key', chain: true },
  'cosign-refund': { table: ['GetItem', 'UpdateItem'], key: 'sign', chain: false },
  'confirm-funding': { table: ['GetItem', 'UpdateItem'], key: 'none', chain: true },
  'issue-chunk-url': { table: ['GetItem', 'UpdateItem'], objects: 'chunks', key: 'none', chain: true },
  'accept-commitment': { table: ['GetItem', 'UpdateItem'], objects: 'chunks', key: 'none', chain: true },
  'close-channel': { table: ['GetItem', 'PutItem', 'UpdateItem'], key: 'sign', chain: true },
  'get-channel': { table: ['GetItem'], key: 'none', chain: false },
  'settle-channels': {
    table: ['GetItem', 'PutItem', 'UpdateItem'],
    dueIndex: true,
    key: 'sign',
    chain: true,
  },
};

export const FUNCTION_NAMES = Object.keys(FUNCTION_GRANTS) as readonly FunctionName[];
