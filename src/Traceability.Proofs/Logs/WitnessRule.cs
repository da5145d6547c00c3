namespace Traceability.Proofs.Logs;

/// <summary>What a witness answers to a checkpoint (C2SP tlog-witness, add-checkpoint).</summary>
public enum WitnessVerdict
{
    Accepted = 1,
    Malformed = 2,

    /// <summary>It is not a log this witness knows.</summary>
    UnknownLog = 3,

    /// <summary>It is not signed by the log.</summary>
    BadSignature = 4,

    /// <summary>The witness has seen another size than the log says: one of them has lost something.</summary>
    OtherSize = 5,

    /// <summary>It does not continue what was seen: history was rewritten.</summary>
    Rewritten = 6,
}

/// <summary>The verdict, and the checkpoint if it was accepted: the next one has to continue it.</summary>
public sealed record WitnessAnswer(WitnessVerdict Verdict, Checkpoint? Accepted = null);

/// <summary>A witness cosigns only what continues everything it has ever cosigned.</summary>
public static class WitnessRule
{
    /// <summary>The longest proof of a log with fewer than 2^63 leaves.</summary>
    public const int MaxProof = 63;

    /// <param name="seen">The last that was cosigned for this log.</param>
    /// <param name="oldSize">What the log takes to be the size last seen.</param>
    /// <param name="proof">That the new tree continues the one last seen.</param>
    /// <param name="note">The signed checkpoint.</param>
    /// <param name="verifierOf">The key of a log by its origin; null for a log that is not known.</param>
    public static WitnessAnswer Judge(
        Checkpoint? seen, long oldSize, IReadOnlyList<byte[]> proof, string note,
        Func<string, NoteVerifier?> verifierOf)
    {
        Checkpoint checkpoint;
        try
        {
            var signed = SignedNote.Parse(note);
            checkpoint = Checkpoint.Parse(signed.Text);
            if (verifierOf(checkpoint.Origin) is not { } verifier)
            {
                return new(WitnessVerdict.UnknownLog);
            }

            if (!verifier.HasSigned(signed))
            {
                return new(WitnessVerdict.BadSignature);
            }
        }
        catch (ProofException exception)
        {
            return new(exception.Failure == ProofFailure.BadSignature
                ? WitnessVerdict.BadSignature
                : WitnessVerdict.Malformed);
        }

        if (oldSize < 0 || oldSize > checkpoint.Size || proof.Count > MaxProof)
        {
            return new(WitnessVerdict.Malformed);
        }

        if ((seen?.Size ?? 0) != oldSize)
        {
            return new(WitnessVerdict.OtherSize);
        }

        var continues = oldSize == 0
            ? proof.Count == 0
            : MerkleTree.Extends(seen!.Root, oldSize, checkpoint.Root, checkpoint.Size, proof);
        return continues ? new(WitnessVerdict.Accepted, checkpoint) : new(WitnessVerdict.Rewritten);
    }
}
