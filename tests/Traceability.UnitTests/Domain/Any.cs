namespace Traceability.UnitTests.Domain;

/// <summary>Ids that are nobody else's.</summary>
internal static class Any
{
    public static OperatorId Operator() => new(Guid.CreateVersion7());

    public static TraceId Part() => new(Guid.CreateVersion7());

    public static TradeId Trade() => new(Guid.CreateVersion7());

    public static MessageId Message() => new(Guid.CreateVersion7());
}
