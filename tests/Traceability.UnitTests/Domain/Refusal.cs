using Traceability.Domain;
using Xunit;

namespace Traceability.UnitTests.Domain;

/// <summary>Says that a command is refused, and why.</summary>
internal static class Refusal
{
    public static RefusedException Of(RefusalReason reason, Func<object?> command)
    {
        var refused = Assert.Throws<RefusedException>(command);
        Assert.Equal(reason, refused.Reason);
        return refused;
    }
}
