import { S3ServiceException } from '@aws-sdk/client-s3';

/** What S3's answers have in common. */

export function isMissing(error: unknown): boolean {
  return error instanceof S3ServiceException && error.$metadata.httpStatusCode === 404;
}

export function isRefusedAs(error: unknown, name: string): boolean {
  return error instanceof S3ServiceException && error.name === name;
}

/** @throws Error where an answer lacks what it must have */
export function wanted<T>(value: T | undefined, name: string): T {
  if (value === undefined || value === '') throw new Error(`the object store's answer has no ${name}`);
  return value;
}

export function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

export function fromBase64(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64'));
}
