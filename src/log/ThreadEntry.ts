/** The program of the writer's thread; it stands beside this file once it is built. */
export const url: URL = new URL("./WriterThread.js", import.meta.url)
