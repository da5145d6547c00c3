using Google.Protobuf.WellKnownTypes;
using Traceability.Cli;
using Traceability.Contracts.Common.V1;
using Traceability.Contracts.Node.V1;
using Xunit;
using CertificateStanding = Traceability.Contracts.Node.V1.CertificateStanding;

namespace Traceability.UnitTests.Cli;

/// <summary>What is over is called so in every list that names it.</summary>
public sealed class StandingNameTests
{
    private static readonly Timestamp End = new DateTimeOffset(2026, 11, 27, 9, 0, 0, TimeSpan.Zero).ToTimestamp();
    private static readonly Timestamp Before = End - Duration.FromTimeSpan(TimeSpan.FromDays(1));

    [Fact]
    public void A_revoked_key_is_called_revoked_also_while_it_is_the_one_in_use()
    {
        var key = new Key { Revoked = true, ValidUntilTime = End };
        Assert.Equal("revoked from 2026-11-27 09:00:00Z on", KeyCommands.Standing(key));
        key.Current = true;
        Assert.Equal("revoked from 2026-11-27 09:00:00Z on, in use", KeyCommands.Standing(key));
        Assert.Equal("in use", KeyCommands.Standing(new() { Current = true, Revoked = false }));
        Assert.Equal("replaced", KeyCommands.Standing(new() { Revoked = false }));
    }

    [Fact]
    public void A_release_that_has_ended_is_not_said_to_show_anything()
    {
        var release = new Release { Fields = { FootprintField.Total }, ChangeTime = Before };
        Assert.Equal("total", ReleaseCommands.Shows(release));
        release.ValidUntilTime = End;
        Assert.Equal("total", ReleaseCommands.Shows(release));
        release.Ended = true;
        Assert.Equal("nothing: ended", ReleaseCommands.Shows(release));
        (release.Revoked, release.ChangeTime) = (true, End);
        Assert.Equal("nothing: ended", ReleaseCommands.Shows(release));
        release.ChangeTime = Before;
        Assert.Equal("nothing: revoked", ReleaseCommands.Shows(release));
        release.ValidUntilTime = null;
        Assert.Equal("nothing: revoked", ReleaseCommands.Shows(release));
    }

    [Fact]
    public void An_audit_grant_says_whether_it_was_revoked_or_has_ended()
    {
        Assert.Equal("in force", AuditGrantCommands.Standing(new()));
        Assert.Equal("ended", AuditGrantCommands.Standing(new() { Ended = true }));
        Assert.Equal(
            "revoked 2026-11-27 09:00:00Z", AuditGrantCommands.Standing(new() { Ended = true, RevokeTime = End }));
    }

    [Fact]
    public void A_retired_part_is_called_retired_wherever_it_is_named()
    {
        Assert.Equal("cell (C-1)", Session.Name(new() { Name = "cell", PartNumber = "C-1" }));
        Assert.Equal("cell (C-1) [retired]", Session.Name(new() { Name = "cell", PartNumber = "C-1", Retired = true }));
        Assert.Equal("cell [retired]", Session.Name(new() { Name = "cell", Retired = true }));
    }

    [Fact]
    public void A_certificate_says_everything_that_speaks_against_it() => Assert.Equal(
        "withdrawn, no longer matching, expired",
        FootprintCommands.Standings(new()
        {
            Standing = CertificateStanding.Withdrawn,
            Standings =
            {
                CertificateStanding.Withdrawn, CertificateStanding.NoLongerMatching, CertificateStanding.Expired,
            },
        }));
}
