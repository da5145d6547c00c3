using Traceability.Node.Operators;

namespace Traceability.Node.Statements;

/// <summary>A customer is to be shown what is released to it, as it stands when it is sent.</summary>
internal sealed record DisclosureNotice : INotice
{
    public static string Kind => "disclosure";
}
