namespace Traceability.Domain;

/// <summary>The names of streams: readable in psql, and a part cannot be fetched as a trade.</summary>
public static class StreamNames
{
    public static string Operator(OperatorId operatorId) => $"operator/{operatorId}";

    /// <summary>The operator's own; what the federation knows of it is <see cref="Operator"/>.</summary>
    public static string Company(OperatorId operatorId) => $"company/{operatorId}";

    public static string Part(TraceId traceId) => $"part/{traceId}";

    public static string BillOfMaterials(TraceId parentTraceId) => $"bom/{parentTraceId}";

    public static string Trade(TradeId tradeId) => $"trade/{tradeId}";

    public static string Release(TradeId tradeId) => $"release/{tradeId}";

    public static string Footprint(TraceId traceId) => $"footprint/{traceId}";

    public static string Certificate(Guid certificateId) => $"certificate/{certificateId}";

    public static string Disclosure(MessageId messageId) => $"disclosure/{messageId}";

    public static string Statement(string partRef) => $"statement/{partRef}";

    public static string ProductFacts(TraceId traceId) => $"facts/{traceId}";

    public static string Export(TraceId traceId, string sha256) => $"export/{traceId}/{sha256}";

    public static string AuditGrant(Guid grantId) => $"audit_grant/{grantId}";

    public static string AuditRead(Guid readId) => $"audit_read/{readId}";

    public static string Upstream(TradeId tradeId) => $"upstream/{tradeId}";

    /// <summary>Of the broker's decisions, many to an event.</summary>
    public const string Decisions = "decisions";
}
