import { patientChain } from '../../../client/buyer/patient-chain.ts';
import { ChainUnavailable } from '../../../shared/chain/chain.ts';
import { memoryChain } from '../../support/memory-chain.ts';

const OPTIONS = { retries: 2, firstDelay: 1 };

function failing(times: number, error: Error) {
  const chain = memoryChain();
  const { tip } = chain;
  let left = times;
  let asked = 0;
  chain.tip = async () => {
    asked += 1;
    if (left-- > 0) throw error;
    return tip();
  };
  return { chain: patientChain(chain, undefined, OPTIONS), asked: () => asked };
}

test('a source that does not answer is asked again', async () => {
  const { chain, asked } = failing(2, new ChainUnavailable('busy'));
  expect(await chain.tip()).toMatchObject({ height: 500 });
  expect(asked()).toBe(3);
});

test('but not for ever', async () => {
  await expect(failing(3, new ChainUnavailable('down')).chain.tip()).rejects.toThrow('down');
});

test('any other failure stands at once', async () => {
  const { chain, asked } = failing(1, new Error('a fault'));
  await expect(chain.tip()).rejects.toThrow('a fault');
  expect(asked()).toBe(1);
});
