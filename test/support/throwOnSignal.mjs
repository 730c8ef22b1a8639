// Loaded into a gateway before its own code: throws where nobody catches it when it is told to.
process.on("SIGUSR2", () => {
  throw new Error("thrown on a signal")
})
