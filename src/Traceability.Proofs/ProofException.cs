namespace Traceability.Proofs;

/// <summary>What is wrong with a proof.</summary>
public enum ProofFailure
{
    Malformed = 1,
    UnknownKey = 2,
    WrongAlgorithm = 3,
    WrongType = 4,
    BadSignature = 5,
    NotForThisKey = 6,
    NotAuthentic = 7,
    NotCommitted = 8,
    NotInOrder = 9,
    Repeated = 10,
}

/// <summary>A proof does not hold. The text never repeats what was in it.</summary>
public sealed class ProofException(ProofFailure failure, string message) : Exception(message)
{
    public ProofFailure Failure { get; } = failure;

    public static ProofException Malformed(string what) => new(ProofFailure.Malformed, $"Malformed {what}.");
}
