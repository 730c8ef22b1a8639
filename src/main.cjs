#!/usr/bin/env node
"use strict"

// Node makes its threads for names and files when the first of either is asked for, and then no more. Loading an ES module
// asks for one, so this is none. Of the usual four, two slow names would take all that libuv lets names have.
process.env.UV_THREADPOOL_SIZE ??= "16"

import("./main.mjs")
