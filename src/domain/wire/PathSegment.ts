/** The name that a piece of a path stands for: clients encode the slashes in the names of some models, or do not. */
export const decode = (piece: string): string => {
  try {
    return decodeURIComponent(piece)
  } catch {
    return piece
  }
}
