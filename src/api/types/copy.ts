// The result of a copy from one engine to another.

/** The result of `copyImage`; with `dryRun`, the plan. */
export interface CopyResult {
  readonly images: readonly CopiedImage[];
  /** How many bytes of archives were sent to the target. */
  readonly bytesSent: number;
  /** The size of all layers of the images in bytes; if the source does not say it before it sends them, the size that it shows. */
  readonly bytesTotal: number;
  /** Whether an image was sent once more with all layers, because the target lacked one that had been left out. */
  readonly resent: boolean;
  /** About platforms that differ, and about images that may be left. `onWarning` gets them, too. */
  readonly warnings: readonly string[];
}

/** One image of a copy. */
export interface CopiedImage {
  /** The names that the image has got, in complete form. Empty if it was given by its ID. */
  readonly references: readonly string[];
  /** Its ID on the target; undefined if a plan cannot tell it. */
  readonly id: string | undefined;
  /** The images that have lost a name to it. */
  readonly replaced: readonly ReplacedImage[];
  /** From the lowest to the highest, each once. */
  readonly layers: readonly CopiedLayer[];
}

/** An image that had the name before the copy. */
export interface ReplacedImage {
  readonly reference: string;
  readonly id: string;
}

/** One layer of a copy. */
export interface CopiedLayer {
  /** The digest under which it is sent. */
  readonly digest: string;
  /** Its digest as an uncompressed tar. */
  readonly diffId: string;
  /** In bytes; undefined if the source has not said it. */
  readonly size: number | undefined;
  readonly sent: boolean;
  /** Why it was sent or left out. */
  readonly reason: LayerReason;
}

/**
 * Why a layer is sent or left out. `"present"`: the target has it. `"absent"`: the target does not have it. `"containerd"`: the target
 * has it, but a containerd store needs the very same blob, and whether it has that cannot be told. `"repeated"`: the target has it, but the
 * image contains it once more, above a layer that the target does not have. `"full"`: everything is sent on request.
 */
export type LayerReason = 'present' | 'absent' | 'containerd' | 'repeated' | 'full';
