using Traceability.Domain.Operators;

namespace Traceability.Domain;

/// <summary>
/// The names of streams: readable in psql, and a part cannot be fetched as a trade. An import makes some for each row:
/// UUIDs are written into them without a text in between.
/// </summary>
public static class StreamNames
{
    public static string Operator(OperatorId operatorId) => $"operator/{operatorId.Value}";

    /// <summary>The operator's own; what the federation knows of it is <see cref="Operator"/>.</summary>
    public static string Company(OperatorId operatorId) => $"company/{operatorId.Value}";

    public static string Number(BusinessNumber number) => $"number/{number}";

    /// <summary>The same for both.</summary>
    public static string Acquaintance(OperatorId one, OperatorId other) => one.CompareTo(other) < 0
        ? $"acquaintance/{one.Value}/{other.Value}"
        : $"acquaintance/{other.Value}/{one.Value}";

    public static string Invitation(string codeHash) => $"invitation/{codeHash}";

    public static string Part(TraceId traceId) => $"part/{traceId.Value}";

    public static string BillOfMaterials(TraceId parentTraceId) => $"bom/{parentTraceId.Value}";

    public static string Trade(TradeId tradeId) => $"trade/{tradeId.Value}";

    public static string Release(TradeId tradeId) => $"release/{tradeId.Value}";

    public static string Footprint(TraceId traceId) => $"footprint/{traceId.Value}";

    public static string Certificate(Guid certificateId) => $"certificate/{certificateId}";

    public static string Disclosure(MessageId messageId) => $"disclosure/{messageId.Value}";

    public static string Statement(string partRef) => $"statement/{partRef}";

    public static string ProductFacts(TraceId traceId) => $"facts/{traceId.Value}";

    public static string Export(TraceId traceId, string sha256) => $"export/{traceId.Value}/{sha256}";

    public static string AuditGrant(Guid grantId) => $"audit_grant/{grantId}";

    public static string AuditRead(Guid readId) => $"audit_read/{readId}";

    public static string Upstream(TradeId tradeId) => $"upstream/{tradeId.Value}";

    /// <summary>Of the broker's decisions, many to an event.</summary>
    public const string Decisions = "decisions";
}
