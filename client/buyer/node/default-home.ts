import envPaths from 'env-paths';

/** The folder for wallet and journals where none is named: SPILLWAY_HOME, or the platform's own for a user's data. */
export function defaultHome(): string {
  return process.env.SPILLWAY_HOME || envPaths('spillway', { suffix: '' }).data;
}
