import type { PublishEvent } from '../seller/dataset-chunks.ts';
import { formatByteSize } from './byte-size.ts';

const MEBIBYTE = 1024 * 1024;

/** Progress as plain lines, one for every tenth of the bytes at most: they may end up in a log. */
export function publishProgress(write: (line: string) => void): (event: PublishEvent) => void {
  let tenths = 0;
  let next = 0;
  const restart = () => {
    tenths = 0;
    next = 64 * MEBIBYTE;
  };
  return (event) => {
    switch (event.type) {
      case 'listed': {
        const { totalSize, chunkSize } = event.shape;
        const files = event.files === 1 ? '1 file' : `${event.files} files`;
        const chunks = event.chunks === 1 ? '1 chunk' : `${event.chunks} chunks`;
        write(`${files}, ${formatByteSize(totalSize)}, ${chunks} of ${formatByteSize(chunkSize)}`);
        break;
      }
      case 'hashing':
        restart();
        write('hashing');
        break;
      case 'uploading':
        restart();
        write(event.resumed ? 'uploading, going on where it was interrupted' : 'uploading');
        break;
      case 'abandoned':
        write(
          `the source changed since it was interrupted: ${event.chunks} chunks of before stay under datasets/${event.folder}/, sold by nobody`,
        );
        break;
      case 'given-up': {
        const left =
          event.chunks > 0
            ? `; ${event.chunks} chunks stay under datasets/${event.folder}/, sold by nobody`
            : '';
        write(
          `a stream cannot be gone on with: its uploads were given up${left}. Send it again from its beginning.`,
        );
        break;
      }
      case 'bytes': {
        const { done, total } = event;
        if (total === undefined) {
          if (done >= next) write(formatByteSize(done));
          if (done >= next) next = done * 1.25;
          break;
        }
        const reached = Math.floor((done * 10) / total);
        if (reached > tenths) {
          tenths = reached;
          write(`${reached * 10} % (${formatByteSize(done)} of ${formatByteSize(total)})`);
        }
        break;
      }
      case 'chunk':
        break;
    }
  };
}
