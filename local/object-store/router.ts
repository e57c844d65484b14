import { headBucket, listMultipartUploads, listObjectsV2 } from './bucket-operations.ts';
import type { Operation } from './call.ts';
import { completeMultipartUpload } from './complete-operation.ts';
import { uploadPartCopy } from './copy-operation.ts';
import { notImplemented, S3Error } from './errors.ts';
import { getObjectAttributes } from './object-attributes.ts';
import { deleteObject, getObject, putObject } from './object-operations.ts';
import type { S3Request } from './request.ts';
import type { Storage } from './storage.ts';
import { abortMultipartUpload, createMultipartUpload, listParts, uploadPart } from './upload-operations.ts';

/** Sub-resources of real S3 that would silently mean something else here. */
const UNSUPPORTED = new Set(
  'accelerate acl analytics cors delete encryption intelligent-tiering inventory legal-hold lifecycle location logging metadata metrics notification object-lock ownershipControls policy policyStatus publicAccessBlock renameObject replication requestPayment restore retention select session tagging torrent versioning versions website'.split(
    ' ',
  ),
);

/** What a request to a bucket or an object asks for. Throws NotImplemented for what Spillway does not use. */
export function operationOf(request: S3Request, storage: Storage): Operation {
  const unsupported = request.query.find(([name]) => UNSUPPORTED.has(name));
  if (unsupported) throw notImplemented(unsupported[0]);
  const operation = request.key === '' ? bucketOperation(request) : objectOperation(request, storage);
  if (operation) return operation;
  throw new S3Error('MethodNotAllowed', 'The specified method is not allowed against this resource.');
}

function bucketOperation(request: S3Request): Operation | undefined {
  if (request.method === 'HEAD') return headBucket;
  if (request.method !== 'GET') return undefined;
  if (request.parameter('uploads') !== undefined) return listMultipartUploads;
  if (request.parameter('list-type') === '2') return listObjectsV2;
  throw notImplemented('ListObjects version 1');
}

function objectOperation(request: S3Request, storage: Storage): Operation | undefined {
  const has = (name: string): boolean => request.parameter(name) !== undefined;
  const copies = request.option('x-amz-copy-source') !== undefined;
  switch (request.method) {
    case 'HEAD':
    case 'GET':
      if (has('uploadId') && request.method === 'GET') return listParts;
      if (has('attributes') && request.method === 'GET') return getObjectAttributes;
      if (has('partNumber')) throw notImplemented('partNumber');
      return getObject;
    case 'PUT':
      if (has('uploadId') && has('partNumber'))
        return copies ? (call) => uploadPartCopy(call, storage) : uploadPart;
      if (copies) throw notImplemented('x-amz-copy-source');
      return putObject;
    case 'POST':
      if (has('uploads')) return createMultipartUpload;
      return has('uploadId') ? completeMultipartUpload : undefined;
    case 'DELETE':
      return has('uploadId') ? abortMultipartUpload : deleteObject;
    default:
      return undefined;
  }
}
