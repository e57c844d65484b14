import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LocalChain } from '../../local/chain/start-chain.ts';
import { caseGroups } from '../support/chain-cases/all-cases.ts';
import type { Scene } from '../support/chain-cases/chain-case.ts';
import { answerOf, prepareScene } from '../support/chain-scene.ts';
import { availableChains } from '../support/chains.ts';
import { rpcCaller } from '../support/rpc.ts';

/** The answers in the cases are Bitcoin Knots 29.4's own; each chain that is here must give every one of them. */
describe.each(availableChains())('$name gives the recorded answers', ({ start }) => {
  const folder = mkdtempSync(join(tmpdir(), 'chain-agreement-'));
  let chain: LocalChain;
  let scene: Scene;

  beforeAll(async () => {
    chain = await start(folder);
    scene = await prepareScene(rpcCaller(chain.url));
  });
  afterAll(async () => {
    await chain.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  describe.each(caseGroups)('%s', (_theme, cases) => {
    test.each(cases)('$name', async ({ build, expected }) => {
      expect(await answerOf(scene, { build })).toEqual(expected);
    });
  });
});

test('the table is large, and no case stands in it twice', () => {
  const names = caseGroups.flatMap(([theme, cases]) => cases.map(({ name }) => `${theme}: ${name}`));
  expect(new Set(names).size).toBe(names.length);
  expect(names.length).toBeGreaterThanOrEqual(150);
});
