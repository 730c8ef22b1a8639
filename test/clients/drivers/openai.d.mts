import type { Seen, Task } from "../Normal.js"

export declare const read: (client: object, task: Task) => Promise<Seen>
