import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Paths of PEM files. */
export interface Certificates {
  /** What the clients trust. */
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}

/** An authority of our own and a certificate for 127.0.0.1 by it, made with the openssl command. */
export function makeCertificates(folder: string): Certificates {
  const path = (name: string) => join(folder, name);
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe' });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl(
    ...['req', '-x509', ...newKey, '-days', '2', '-subj', '/CN=Spillway bench authority'],
    ...['-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign'],
    ...['-keyout', path('authority.key'), '-out', path('authority.pem')],
  );
  openssl(
    ...['req', ...newKey, '-subj', '/CN=127.0.0.1', '-keyout', path('server.key')],
    ...['-out', path('server.csr')],
  );
  writeFileSync(path('extensions'), 'subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth\n');
  openssl(
    ...['x509', '-req', '-in', path('server.csr'), '-CA', path('authority.pem')],
    ...['-CAkey', path('authority.key'), '-CAcreateserial', '-days', '2'],
    ...['-extfile', path('extensions'), '-out', path('server.pem')],
  );
  return { authority: path('authority.pem'), certificate: path('server.pem'), key: path('server.key') };
}
