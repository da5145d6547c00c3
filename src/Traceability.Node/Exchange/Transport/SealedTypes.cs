namespace Traceability.Node.Exchange.Transport;

/// <summary>What a sealed message says it is: one kind is not taken for another.</summary>
internal static class SealedTypes
{
    public const string Disclosure = "traceability-disclosure+jwe";

    public const string Letter = "traceability-letter+jwe";
}
