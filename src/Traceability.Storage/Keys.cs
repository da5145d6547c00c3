namespace Traceability.Storage;

/// <summary>The keys of streams: readable in psql, and a part cannot be fetched as a trade.</summary>
public static class Keys
{
    public static string Operator(Guid operatorId) => $"operator/{operatorId}";

    public static string Part(Guid traceId) => $"part/{traceId}";

    public static string BillOfMaterials(Guid parentTraceId) => $"bom/{parentTraceId}";

    public static string Trade(Guid tradeId) => $"trade/{tradeId}";

    public static string Release(Guid tradeId) => $"release/{tradeId}";

    public static string Footprint(Guid traceId) => $"footprint/{traceId}";

    public static string Certificate(Guid certificateId) => $"certificate/{certificateId}";

    public static string Disclosure(Guid messageId) => $"disclosure/{messageId}";

    public static string Statement(string partRef) => $"statement/{partRef}";

    public static string ProductFacts(Guid traceId) => $"facts/{traceId}";

    public static string Export(Guid traceId, string sha256) => $"export/{traceId}/{sha256}";

    public static string AuditGrant(Guid grantId) => $"audit_grant/{grantId}";

    public static string AuditRead(Guid readId) => $"audit_read/{readId}";

    public static string Upstream(Guid tradeId) => $"upstream/{tradeId}";
}
