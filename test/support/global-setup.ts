import { makeBuildsFolder } from './shared-build.ts';

export default makeBuildsFolder;
