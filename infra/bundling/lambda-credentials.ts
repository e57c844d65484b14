/**
 * Takes the place of `@aws-sdk/credential-provider-node` in the functions' bundles: Lambda puts the role's credentials into
 * the environment, so the other places where credentials can be (profiles, SSO, containers) are 110 KB that never run.
 */
export { fromEnv as defaultProvider } from '@aws-sdk/credential-provider-env';
