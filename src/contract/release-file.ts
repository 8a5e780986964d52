// In a file of its own, so that `slipway --help` need not load all schemas for it.

/** The name, in the folder of an unpacked release, of the file that holds its ComponentConfig. A bundle must not bring one. */
export const releaseFileName = 'release.json'
