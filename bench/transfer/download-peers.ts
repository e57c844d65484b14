import { join } from 'node:path';
import type { Contestant } from './contest.ts';
import { type Command, measure } from './measure.ts';

/** What the peers fetch: one object of all the bytes, which suits every one of them best. */
export interface PeerSource {
  readonly url: string;
  /** The same file on the disk, for what is no transfer. */
  readonly path: string;
  /** PEM; absent in the clear. */
  readonly authority?: string;
}

/** The tools that people would use instead, with the settings that make them fastest here. */
export function downloadPeers(source: PeerSource): readonly Contestant[] {
  return [
    curl(source),
    curlAndHash(source),
    aria2(source),
    ...[4, 16].map((streams) => rclone(source, streams)),
    s5cmd(source),
  ];
}

/** What the bytes cost at the least where they are checked and kept: one hash of them and one copy on the same disk. */
export function hashAndCopy({ path }: PeerSource): Contestant {
  const script = 'cp -- "$1" "$2" && openssl dgst -sha256 "$2"';
  return contestant('SHA-256 and cp', ['openssl'], true, (file) => ({
    program: 'sh',
    args: ['-c', script, 'sh', path, file],
  }));
}

/** What the disk costs at the least where the bytes are to be there after a power cut, and nobody checks them. */
export function copyAndSync({ path }: PeerSource): Contestant {
  const script = 'cp -- "$1" "$2" && sync -d "$2"';
  return contestant('cp, then sync', ['sync'], false, (file) => ({
    program: 'sh',
    args: ['-c', script, 'sh', path, file],
  }));
}

function curl({ url, authority }: PeerSource): Contestant {
  return contestant('curl', ['curl'], false, (file) => ({
    program: 'curl',
    args: ['-sSf', ...(authority ? ['--cacert', authority] : []), '-o', file, url],
  }));
}

/** openssl, for coreutils' sha256sum is several times slower where it is built without it, as Debian's is. */
function curlAndHash({ url, authority }: PeerSource): Contestant {
  const script = 'file=$1; shift; curl -sSf -o "$file" "$@" && openssl dgst -sha256 "$file"';
  return contestant('curl, then SHA-256', ['curl', 'openssl'], true, (file) => ({
    program: 'sh',
    args: ['-c', script, 'sh', file, ...(authority ? ['--cacert', authority] : []), url],
  }));
}

function aria2({ url, authority }: PeerSource): Contestant {
  return contestant('aria2c -x16', ['aria2c'], false, (_, folder) => ({
    program: 'aria2c',
    args: [
      ...['--no-conf', '-q', '-x16', '-s16', '-k1M', '--file-allocation=falloc'],
      ...(authority ? ['--ca-certificate', authority] : []),
      ...['-d', folder, '-o', 'copy', url],
    ],
  }));
}

function rclone({ url, authority }: PeerSource, streams: number): Contestant {
  const { origin, pathname } = new URL(url);
  return contestant(`rclone, ${streams} streams`, ['rclone'], false, (file) => ({
    program: 'rclone',
    args: [
      ...['copyto', '--config', '', '--http-url', origin, '--multi-thread-cutoff', '64M'],
      ...['--multi-thread-streams', `${streams}`, ...(authority ? ['--ca-cert', authority] : [])],
      ...[`:http:${pathname}`, file],
    ],
  }));
}

function s5cmd({ url, authority }: PeerSource): Contestant {
  const { origin, pathname } = new URL(url);
  return contestant('s5cmd, 16 streams', ['s5cmd'], false, (file) => ({
    program: 's5cmd',
    args: [
      ...['--no-sign-request', '--endpoint-url', origin, '--log', 'error'],
      ...['cp', '-c', '16', `s3:/${pathname}`, file],
    ],
    ...(authority && { environment: { SSL_CERT_FILE: authority } }),
  }));
}

function contestant(
  tool: string,
  needs: readonly string[],
  verified: boolean,
  command: (file: string, folder: string) => Command,
): Contestant {
  return {
    tool,
    needs,
    verified,
    async run(folder) {
      const measured = await measure(command(join(folder, 'copy'), folder));
      return { ...measured, transferSeconds: measured.seconds };
    },
  };
}
