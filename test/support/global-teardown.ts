import { removeBuildsFolder } from './shared-build.ts';

export default removeBuildsFolder;
