using Google.Protobuf.WellKnownTypes;
using Traceability.Cli;
using Traceability.Contracts.Common.V1;
using Traceability.Contracts.Node.V1;
using Xunit;

namespace Traceability.UnitTests.Cli;

/// <summary>What is over is called by how it came to be over.</summary>
public class ReleaseWordTests
{
    private static readonly DateTimeOffset End = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(-1, false, -5, "total")]
    [InlineData(0, false, -5, "nothing: ended")]
    [InlineData(9, false, -5, "nothing: ended")]
    [InlineData(9, true, 0, "nothing: ended")]
    [InlineData(9, true, 1, "nothing: ended")]
    [InlineData(9, true, -1, "nothing: revoked")]
    [InlineData(-1, true, -1, "nothing: revoked")]
    public void A_release_that_ended_is_called_ended_and_one_that_was_taken_back_revoked(
        int now, bool revoked, int changed, string shown) =>
        Assert.Equal(shown, ReleaseCommands.Shown(Release(End, revoked, changed), End.AddMinutes(now)));

    [Fact]
    public void A_release_without_an_end_is_shown_until_it_is_revoked()
    {
        Assert.Equal("total", ReleaseCommands.Shown(Release(null, false, 0), End.AddYears(99)));
        Assert.Equal("nothing: revoked", ReleaseCommands.Shown(Release(null, true, 0), End));
    }

    private static Release Release(DateTimeOffset? end, bool revoked, int changed) => new()
    {
        Fields = { revoked ? [] : new[] { FootprintField.Total } },
        Revoked = revoked,
        ValidUntilTime = end?.ToTimestamp(),
        ChangeTime = End.AddMinutes(changed).ToTimestamp(),
    };
}
