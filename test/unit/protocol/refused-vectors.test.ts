import { hexToBytes } from '@noble/hashes/utils.js';
import { Problem, problemType } from '../../../shared/errors.ts';
import { commitmentMessage } from '../../../shared/protocol/commitment.ts';
import { verifyMessage } from '../../../shared/protocol/signature.ts';
import { parseTerms } from '../../../shared/protocol/terms.ts';
import vectors from '../../vectors/protocol.json';

describe('what must be refused', () => {
  test.each(vectors.refused.terms.map((vector) => [vector.about, vector] as const))(
    'terms: %s',
    (_, vector) => {
      let problem: string | undefined;
      try {
        parseTerms(hexToBytes(vector.bytes));
      } catch (error) {
        problem = error instanceof Problem ? problemType(error.problem) : String(error);
      }
      expect(problem).toBe(vector.problem);
    },
  );

  test.each(vectors.refused.signatures.map((vector) => [vector.about, vector] as const))(
    'signature: %s',
    (_, vector) => {
      const [channel] = vectors.channels;
      const commitment = channel?.commitments.find(({ digest }) => digest === vector.digest);
      if (!channel || !commitment) throw new Error('the refused signature is of no commitment');
      const terms = parseTerms(hexToBytes(channel.termsBytes));
      const funding = {
        ...channel.fundingOutpoint,
        capacity: terms.capacity,
        witnessScript: hexToBytes(channel.witnessScript),
      };
      const message = commitmentMessage(funding, terms.changeScript, BigInt(commitment.change));
      const key = hexToBytes(channel.channelKey);
      expect(verifyMessage(key, message, hexToBytes(commitment.buyerSignature))).toBe(true);
      expect(verifyMessage(key, message, hexToBytes(vector.signature))).toBe(false);
    },
  );
});
