/**
 * A request of the old completions, for a whole answer; it may hold any other field, such as a vendor's own.
 *
 * @category models
 * @since 0.1.0
 */
export interface TextRequest {
  readonly model: string
  readonly prompt?: string | ReadonlyArray<string> | ReadonlyArray<number> | ReadonlyArray<ReadonlyArray<number>> | null
  readonly best_of?: number | null | undefined
  readonly echo?: boolean | null | undefined
  readonly frequency_penalty?: number | null | undefined
  readonly logit_bias?: Readonly<Record<string, number>> | null | undefined
  readonly logprobs?: number | null | undefined
  readonly max_tokens?: number | null | undefined
  readonly n?: number | null | undefined
  readonly presence_penalty?: number | null | undefined
  readonly seed?: number | null | undefined
  readonly stop?: string | ReadonlyArray<string> | null | undefined
  readonly stream?: false | null | undefined
  readonly suffix?: string | null | undefined
  readonly temperature?: number | null | undefined
  readonly top_p?: number | null | undefined
  readonly user?: string | undefined
}
