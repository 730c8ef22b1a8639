/**
 * A text with more behind it. What was put together from small pieces is kept as the tree of them, many times its size,
 * until somebody looks into it, which copies it: once for every 4,096 characters, and of a long text once for every
 * eighth to sixteenth.
 */
export const append = (before: string, more: string): string => {
  const text = before + more
  const shift = Math.max(12, 28 - Math.clz32(text.length))
  if (before.length >> shift !== text.length >> shift) text.charCodeAt(0)
  return text
}
