import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { UPLOAD, verifiedBody } from './body.ts';
import { answerEmpty, type Call, quoted, setHeaders } from './call.ts';
import { readObject } from './object-data.ts';
import {
  checksumHeaders,
  isUnchanged,
  keptHeaders,
  objectHeaders,
  requestedVersion,
  setOverrides,
  writeCondition,
} from './object-headers.ts';
import { draftFolder, type NewVersion } from './objects.ts';
import { parseRange } from './ranges.ts';
import { receive } from './receive.ts';

const DATA = 'data';

export async function putObject(call: Call): Promise<void> {
  const { request, bucket } = call;
  const admit = writeCondition(request);
  admit?.(bucket.objects.find(request.key));
  const body = verifiedBody(request, call.payload, call.source, UPLOAD);
  const received = await receive(bucket.drafts, body);
  const folder = await draftFolder(bucket.drafts);
  await rename(received.path, join(folder, DATA));
  const version: NewVersion = {
    key: request.key,
    lastModified: call.now,
    size: received.size,
    etag: received.md5,
    deleteMarker: false,
    multipart: false,
    headers: keptHeaders(request),
    checksum: received.checksum && { ...received.checksum, type: 'FULL_OBJECT' },
    parts: [{ number: 1, size: received.size, file: DATA }],
  };
  const { versionId } = await bucket.objects.commit(folder, version, admit);
  answerEmpty(call, 200, {
    etag: quoted(received.md5),
    'x-amz-version-id': versionId,
    ...checksumHeaders(version),
  });
}

/** GetObject, and HeadObject, which answers the same without the bytes. */
export async function getObject(call: Call): Promise<void> {
  const { request, response, bucket } = call;
  const version = requestedVersion(bucket, request.key, request.parameter('versionId'));
  if (isUnchanged(request, version)) {
    answerEmpty(call, 304, { etag: quoted(version.etag), 'x-amz-version-id': version.versionId });
    return;
  }
  const ifRange = request.header('if-range');
  const stale = ifRange !== undefined && ifRange !== quoted(version.etag);
  const range = stale ? undefined : parseRange(request.header('range'), version.size);
  setHeaders(response, objectHeaders(version));
  setOverrides(request, response);
  if (range) response.setHeader('content-range', `bytes ${range.start}-${range.end}/${version.size}`);
  else if (request.option('x-amz-checksum-mode') === 'ENABLED')
    setHeaders(response, checksumHeaders(version));
  const wanted = range ?? { start: 0, end: version.size - 1 };
  response.setHeader('content-length', wanted.end - wanted.start + 1);
  response.writeHead(range ? 206 : 200);
  if (request.method === 'HEAD') response.end();
  else await pipeline(Readable.from(readObject(bucket, version, wanted), { objectMode: false }), response);
}

/** Without a version id the object is hidden behind a delete marker; with one that version is gone for good. */
export async function deleteObject(call: Call): Promise<void> {
  const { request, bucket } = call;
  const versionId = request.parameter('versionId');
  if (versionId !== undefined) {
    const version = bucket.objects.find(request.key, versionId);
    if (version) await bucket.objects.remove(version);
    answerEmpty(call, 204, {
      'x-amz-version-id': versionId,
      'x-amz-delete-marker': version?.deleteMarker ? 'true' : undefined,
    });
    return;
  }
  const marker = await bucket.objects.commit(await draftFolder(bucket.drafts), {
    key: request.key,
    lastModified: call.now,
    size: 0,
    etag: '',
    deleteMarker: true,
    multipart: false,
    headers: {},
    parts: [],
  });
  answerEmpty(call, 204, { 'x-amz-version-id': marker.versionId, 'x-amz-delete-marker': 'true' });
}
