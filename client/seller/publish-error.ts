/** Publishing cannot go on, for a reason the seller can do something about; the message says which. */
export class PublishRefused extends Error {
  override readonly name = 'PublishRefused';
}
