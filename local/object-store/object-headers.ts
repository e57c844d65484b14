import type { ServerResponse } from 'node:http';
import { type Headers, quoted, setHeaders } from './call.ts';
import { checksumHeader } from './checksums.ts';
import { noSuchKey, S3Error } from './errors.ts';
import type { VersionSummary } from './objects.ts';
import type { S3Request } from './request.ts';
import type { Bucket } from './storage.ts';

const KEPT = ['cache-control', 'content-disposition', 'content-language', 'content-type', 'expires'];

/** The headers of an upload that come back with the object. */
export function keptHeaders(request: S3Request): Record<string, string> {
  const kept: Record<string, string> = { 'content-type': 'binary/octet-stream' };
  for (const name of [...request.headerNames, ...request.optionNames]) {
    const value = request.option(name);
    if (value !== undefined && (KEPT.includes(name) || name.startsWith('x-amz-meta-'))) kept[name] = value;
  }
  // aws-chunked describes the transfer, not the object.
  const encodings = (request.header('content-encoding') ?? '').split(',').map((encoding) => encoding.trim());
  const encoding = encodings.filter((name) => name !== '' && name !== 'aws-chunked').join(',');
  return encoding === '' ? kept : { ...kept, 'content-encoding': encoding };
}

/** The version a request asks for. Throws NoSuchKey, NoSuchVersion or, for a delete marker by its id, MethodNotAllowed. */
export function requestedVersion(
  { objects }: Bucket,
  key: string,
  versionId: string | undefined,
): VersionSummary {
  const version = objects.find(key, versionId);
  if (!version && versionId !== undefined)
    throw new S3Error('NoSuchVersion', 'The specified version does not exist.', {
      details: { Key: key, VersionId: versionId },
    });
  if (!version) throw noSuchKey(key);
  if (!version.deleteMarker) return version;
  const headers = { 'x-amz-delete-marker': 'true', 'x-amz-version-id': version.versionId };
  if (versionId === undefined)
    throw new S3Error('NoSuchKey', 'The specified key does not exist.', { details: { Key: key }, headers });
  throw new S3Error('MethodNotAllowed', 'The specified method is not allowed against this resource.', {
    headers,
  });
}

export function objectHeaders(version: VersionSummary): Headers {
  return {
    ...version.headers,
    etag: quoted(version.etag),
    'last-modified': new Date(version.lastModified).toUTCString(),
    'accept-ranges': 'bytes',
    'x-amz-version-id': version.versionId,
  };
}

export function checksumHeaders({ checksum }: Pick<VersionSummary, 'checksum'>): Headers {
  if (!checksum) return {};
  return { [checksumHeader(checksum.algorithm)]: checksum.value, 'x-amz-checksum-type': checksum.type };
}

/** Overrides a presigner may ask for (API reference, GetObject, response-…). */
export function setOverrides(request: S3Request, response: ServerResponse): void {
  for (const name of [...KEPT, 'content-encoding'])
    setHeaders(response, { [name]: request.parameter(`response-${name}`) });
}

/** Whether the client has this version already. Throws PreconditionFailed where If-Match names another. */
export function isUnchanged(request: S3Request, version: VersionSummary): boolean {
  const ifMatch = request.header('if-match');
  if (ifMatch !== undefined && !namesTag(ifMatch, version)) throw conditionFailed('If-Match');
  const ifNoneMatch = request.header('if-none-match');
  return ifNoneMatch !== undefined && namesTag(ifNoneMatch, version);
}

/** Whether a list of tags, or a star, names a version's. */
export function namesTag(header: string, version: VersionSummary): boolean {
  const tags = header.split(',').map((tag) => tag.trim().replace(/^"(.*)"$/, '$1'));
  return tags.includes('*') || tags.includes(version.etag);
}

export function conditionFailed(condition: string): S3Error {
  return new S3Error('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', {
    details: { Condition: condition },
  });
}

/** The condition a writer may set: that there is no such object yet. */
export function writeCondition(
  request: S3Request,
): ((current: VersionSummary | undefined) => void) | undefined {
  const condition = request.header('if-none-match');
  if (condition === undefined) return undefined;
  if (condition.trim() !== '*') throw new S3Error('NotImplemented', 'A write takes no If-None-Match but *.');
  return (current) => {
    if (current && !current.deleteMarker) throw conditionFailed('If-None-Match');
  };
}
