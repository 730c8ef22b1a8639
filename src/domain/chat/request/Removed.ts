/** What cleaning took away of the messages of a chat, in messages. */
export interface Removed {
  /** How many were left out because they were empty. */
  readonly empty: number
  /** How many of the user's were left out because another one came after them. */
  readonly userTurns: number
}

/** Nothing was taken away. */
export const nothing: Removed = { empty: 0, userTurns: 0 }

/** It in words for callers and operators, such as `user_turns=1, messages=2`; undefined where it is nothing. */
export const told = ({ empty, userTurns }: Removed): string | undefined => {
  if (empty === 0) return userTurns === 0 ? undefined : `user_turns=${userTurns}`
  return userTurns === 0 ? `messages=${empty}` : `user_turns=${userTurns}, messages=${empty}`
}
