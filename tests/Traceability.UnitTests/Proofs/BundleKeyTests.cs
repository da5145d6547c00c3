using System.Runtime.CompilerServices;
using Traceability.Evidence;
using Traceability.Proofs;
using Xunit;

namespace Traceability.UnitTests.Proofs;

/// <summary>
/// Keys are judged by their times, also without a server, and forged evidence is another thing than what does not add up.
/// </summary>
public class BundleKeyTests
{
    /// <summary>What suppliers signed in the kept bundle is dated between these.</summary>
    private static readonly DateTimeOffset Before = new(2026, 11, 25, 15, 8, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset After = new(2026, 11, 25, 15, 9, 0, TimeSpan.Zero);

    private static readonly AuditBundle Whole = AuditBundle.FromZip(File.ReadAllBytes(
        Path.Combine(SourceFolder(), "..", "..", "cases", "bundles", "vehicle-format-1.zip")));

    private static readonly SigningKey[] Suppliers =
        [.. Whole.Manifest.Keys.Where(key => key.OperatorId != Whole.Manifest.OperatorId)];

    [Fact]
    public void A_statement_that_is_younger_than_its_keys_revocation_is_not_believed()
    {
        var check = Failed(With(key => key with { ValidUntil = Before, Revoked = true }));

        Assert.Equal(CheckOutcome.NotBelieved, check.Outcome);
        Assert.Contains("is revoked: nothing is to be believed", check.Detail, StringComparison.Ordinal);
        Assert.Contains("2026-11-25 15:08:00Z", check.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void A_statement_that_is_older_than_the_revocation_of_its_key_is_believed() =>
        Assert.True(Report(With(key => key with { ValidUntil = After, Revoked = true })).Good);

    [Fact]
    public void A_statement_that_is_older_than_its_key_is_not_believed() =>
        Assert.Equal(CheckOutcome.NotBelieved, Failed(With(key => key with { ValidFrom = After.AddHours(1) })).Outcome);

    [Fact]
    public void A_statement_under_a_key_that_was_replaced_before_is_not_believed() =>
        Assert.Equal(CheckOutcome.NotBelieved, Failed(With(key => key with { ValidUntil = Before })).Outcome);

    [Fact]
    public void A_statement_under_a_key_that_was_replaced_since_is_believed() =>
        Assert.True(Report(With(key => key with { ValidUntil = After })).Good);

    [Fact]
    public void Who_says_two_things_about_a_key_is_held_to_both()
    {
        var strict = Suppliers.Select(key => key with { ValidUntil = Before });

        Assert.False(Report(Keys([.. Whole.Manifest.Keys, .. strict])).Good);
    }

    [Fact]
    public void Another_key_under_the_id_of_a_key_is_nobodys()
    {
        var other = PrivateKey.Create().Public.ToJwk();

        Assert.Equal(CheckOutcome.NotBelieved, Failed(With(key => key with { Jwk = other })).Outcome);
    }

    [Fact]
    public void What_is_known_from_elsewhere_takes_the_place_of_what_the_bundle_says()
    {
        SigningKey[] revoked = [.. Suppliers.Select(key => key with { ValidUntil = Before, Revoked = true })];

        Assert.False(Report(Whole, revoked).Good);
        Assert.True(Report(With(key => key with { ValidUntil = Before }), Suppliers).Good);
        Assert.False(Report(Whole, [Suppliers[0] with { KeyId = "another", Jwk = PrivateKey.Create().Public.ToJwk() }]).Good);
    }

    [Fact]
    public void Whose_keys_were_not_compared_is_said_and_is_no_alarm()
    {
        var (alone, some, all) = (Report(Whole), Report(Whole, Suppliers), Report(Whole, Whole.Manifest.Keys));

        var check = Assert.Single(alone.Checks, one => one.Outcome == CheckOutcome.NotLookedAt);
        Assert.Contains("the bundle itself names them", check.Detail, StringComparison.Ordinal);
        Assert.True(alone.Good);
        Assert.Contains(
            $"{Whole.Manifest.OperatorId}",
            Assert.Single(some.Checks, one => one.Outcome == CheckOutcome.NotLookedAt).Detail, StringComparison.Ordinal);
        Assert.DoesNotContain(all.Checks, one => one.Outcome == CheckOutcome.NotLookedAt);
    }

    [Fact]
    public void Keys_of_companies_that_have_nothing_to_do_with_it_change_nothing() =>
        Assert.True(Report(Whole, [Suppliers[0] with { OperatorId = new(Guid.CreateVersion7()), ValidUntil = Before }]).Good);

    /// <summary>Nothing is read of it, and it says nothing about the company.</summary>
    [Theory]
    [InlineData("not signed")]
    [InlineData("another log's key")]
    [InlineData("another company's")]
    [InlineData("another broker's key")]
    [InlineData("no note")]
    public void A_state_that_the_log_has_not_signed_is_forged_evidence_and_nothing_else_is_looked_at(string what)
    {
        var foreign = "another.log+5b3e8b9a+AQ==";
        var manifest = Whole.Manifest;
        var report = Report(what switch
        {
            "not signed" => Whole with { Checkpoint = Whole.Checkpoint.Split("\n\n")[0] + "\n\n\u2014 x AAAAAAAA\n" },
            "another log's key" => Whole with { Manifest = manifest with { LogKey = foreign } },
            "another company's" => Whole with { Manifest = manifest with { OperatorId = new(Guid.CreateVersion7()) } },
            "another broker's key" => Whole with { Manifest = manifest with { WitnessKey = foreign } },
            _ => Whole with { Checkpoint = "nothing" },
        });

        Assert.Equal(CheckOutcome.Forged, report.Checks[0].Outcome);
        Assert.All(report.Checks.Skip(1), check => Assert.Equal(CheckOutcome.NotLookedAt, check.Outcome));
        Assert.Null(report.Total);
        Assert.Null(report.Figures);
    }

    [Fact]
    public void An_event_that_is_not_as_the_log_has_it_is_forged_evidence_and_no_change_of_history()
    {
        var victim = Whole.Events[0];
        var changed = victim with { Event = victim.Event with { By = "somebody else" } };

        var check = Failed(Whole with { Events = [changed, .. Whole.Events.Skip(1)] });

        Assert.Equal(CheckOutcome.Forged, check.Outcome);
        Assert.Contains("forged or damaged", check.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void A_claim_that_the_events_do_not_lead_to_does_not_add_up() => Assert.Equal(
        CheckOutcome.DoesNotAddUp, Failed(Whole with { Manifest = Whole.Manifest with { Version = 4711 } }).Outcome);

    [Fact]
    public void Keys_come_out_of_their_file_as_they_went_in()
    {
        Assert.Equal(Suppliers, AuditBundle.ReadKeys(AuditBundle.WriteKeys(Suppliers)));
        foreach (var none in new[] { "", "[]", "{}", "[null]", "[{}]", "null", "rubbish" })
        {
            Assert.Throws<ProofException>(() => AuditBundle.ReadKeys(none));
        }
    }

    private static AuditBundle With(Func<SigningKey, SigningKey> change) => Keys(
        [.. Whole.Manifest.Keys.Select(key => key.OperatorId == Whole.Manifest.OperatorId ? key : change(key))]);

    private static AuditBundle Keys(IReadOnlyList<SigningKey> keys) =>
        Whole with { Manifest = Whole.Manifest with { Keys = keys } };

    private static BundleReport Report(AuditBundle bundle, IReadOnlyList<SigningKey>? known = null) =>
        BundleVerifier.Verify(bundle, known);

    private static BundleCheck Failed(AuditBundle bundle) => Report(bundle).Checks.First(check => !check.Good);

    private static string SourceFolder([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;
}
