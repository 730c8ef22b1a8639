/** The program of the writer's thread, bundled beside the command by `bundle.mjs`. */
export const url: URL = new URL("../bin/WriterThread.mjs", import.meta.url)
