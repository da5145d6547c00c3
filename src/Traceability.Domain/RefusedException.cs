namespace Traceability.Domain;

/// <summary>Why a command was refused. One value per <c>ErrorReason</c> of errors.proto.</summary>
public enum RefusalReason
{
    NotDisclosed = 1,
    TradeAlreadyAnswered = 2,
    StaleVersion = 3,
    InvalidRequest = 4,
    Unauthenticated = 5,
    RoleMissing = 6,
    AlreadyExists = 7,
    OperatorSuspended = 8,
    TradeNotAccepted = 9,
    Cycle = 10,
    LimitExceeded = 11,
    PeerUnavailable = 12,
    NotReleased = 13,
    WrongKindOfPart = 14,
    UnitsDisagree = 15,
    Internal = 16,
    PartInUse = 17,
    CertificateMismatch = 18,
    InferenceRisk = 19,
    HistoryRewritten = 20,
    HistoryBroken = 21,
    ExportIncomplete = 22,
    PartRetired = 23,
    KeyNotProven = 24,
    MessageNotProven = 25,
}

/// <summary>A rule said no. Expected, sent to the caller as it stands, never logged as an error.</summary>
public sealed class RefusedException(
    RefusalReason reason, string message, params (string Key, string Value)[] details) : Exception(message)
{
    public RefusalReason Reason { get; } = reason;

    public IReadOnlyDictionary<string, string> Details { get; } = details.ToDictionary(d => d.Key, d => d.Value);

    /// <summary>The one answer to what is not there and to what is not for the caller.</summary>
    public static RefusedException NotDisclosed(string noun, string key, object id) =>
        new(
            RefusalReason.NotDisclosed,
            $"{noun} {id} is not disclosed to you, or it does not exist.",
            (key, $"{id}"));
}
