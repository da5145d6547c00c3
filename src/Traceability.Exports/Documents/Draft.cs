namespace Traceability.Exports.Documents;

/// <summary>What stands on everything that is not complete.</summary>
public static class Draft
{
    public const string Mark = "DRAFT - incomplete, not for disclosure";
}
