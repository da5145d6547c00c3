using Traceability.Contracts.Node.V1;
using Traceability.IntegrationTests.Harness;
using Traceability.Local.Demo;
using Traceability.Proofs.Logs;
using Xunit;

namespace Traceability.IntegrationTests.Cli;

/// <summary>Evidence, as people handle it: each command says what it found, in the right words, and what it did not look at.</summary>
public sealed class EvidenceCommandTests(EvidenceFederation federation) : IClassFixture<EvidenceFederation>, IDisposable
{
    private readonly LiveFederation _live = federation.Live;
    private readonly CommandLine _buyer = new(federation.Live, "buyer");
    private readonly CommandLine _supplier = new(federation.Live, "supplier");
    private readonly string _folder = Directory.CreateTempSubdirectory("traceability-test-").FullName;

    /// <summary>A version that rests on a statement under a key that was lost before it was signed.</summary>
    [Fact]
    public async Task A_bundle_says_that_a_key_was_revoked_before_the_statement_under_it_was_signed()
    {
        using var supplier = await _live.NewCompanyAsync("one");
        using var buyer = await _live.NewCompanyAsync("two");
        var since = TimeProvider.System.GetUtcNow();
        await Wait.UntilAsync(
            () => Task.FromResult(TimeProvider.System.GetUtcNow() > since.AddSeconds(2)), _live.Deadline);
        var delivery = await supplier.DeliverAsync(buyer, "4", _live.Deadline);
        var parent = await buyer.RegisterAsync("parent", PartKind.Made);
        await buyer.ContainsAsync(parent, delivery.Bought, "1");
        await buyer.DeclareAsync(parent, "1");
        var version = (await buyer.WaitForTotalAsync(parent, "5", _live.Deadline)).Version;
        var keys = new KeyService.KeyServiceClient(supplier.Channel);
        var signing = (await keys.ListKeysAsync(new(), supplier.Call)).Keys.Single(key => key is { Use: "signing", Current: true });
        var (held, heldBy) = (FileOf("held.zip"), FileOf("keys.json"));
        await ExportAsync(buyer, parent, version, held);
        await keys.RevokeKeyAsync(
            new() { KeyId = signing.KeyId, RevokeTime = Google.Protobuf.WellKnownTypes.Timestamp.FromDateTimeOffset(since) },
            supplier.Call);

        var revoked = FileOf("revoked.zip");
        await ExportAsync(buyer, parent, version, revoked);

        var (code, said, why) = await _buyer.RunAsync("audit", "verify", revoked);
        Assert.Equal(1, code);
        Assert.Contains("is revoked: nothing is to be believed", Unwrapped(said), StringComparison.Ordinal);
        Assert.Contains("whose key was not to be believed", Unwrapped(why), StringComparison.Ordinal);
        Assert.DoesNotContain("forged", $"{said}{why}", StringComparison.Ordinal);

        // Made before, it cannot know; who has the directory's keys does.
        Assert.Equal(0, (await _buyer.RunAsync("audit", "verify", held)).Code);
        var known = new CommandLine(_live, "administrator");
        Assert.Equal(0, (await known.RunAsync("audit", "keys", $"{supplier.Company.OperatorId}", "-o", heldBy)).Code);
        (code, said, _) = await _buyer.RunAsync("audit", "verify", held, "--key", heldBy);
        Assert.Equal(1, code);
        Assert.Contains("is revoked: nothing is to be believed", Unwrapped(said), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_bundle_says_what_was_not_looked_at()
    {
        var bundle = FileOf("bundle.zip");
        await File.WriteAllBytesAsync(bundle, federation.Bundle, _live.Deadline);

        var (code, said, errors) = await _buyer.RunAsync("audit", "verify", bundle);

        Assert.True(code == 0, errors);
        Assert.Contains("not looked at", said, StringComparison.Ordinal);
        Assert.Contains("the bundle itself names them", Unwrapped(said), StringComparison.Ordinal);
        Assert.Contains("--log-key", said, StringComparison.Ordinal);
    }

    /// <summary>Nobody's word against a company: no alarm about its history.</summary>
    [Fact]
    public async Task A_checkpoint_that_the_company_has_not_signed_is_forged_evidence_and_no_change_of_history()
    {
        var (own, foreign, unsigned) = (FileOf("own.txt"), FileOf("foreign.txt"), FileOf("unsigned.txt"));
        await KeepAsync(_buyer, own);
        await KeepAsync(_supplier, foreign);
        var note = SignedNote.Parse(await File.ReadAllTextAsync(own, _live.Deadline));
        var state = Checkpoint.Parse(note.Text);
        var lie = LogKeys.Of(state.Origin, new byte[32]).Signer.Sign((state with { Root = new byte[32] }).Text);
        await File.WriteAllTextAsync(unsigned, lie.ToString(), _live.Deadline);

        foreach (var file in new[] { foreign, unsigned })
        {
            var (code, said, why) = await _buyer.RunAsync("audit", "check", "--seen", file);
            Assert.Equal(1, code);
            Assert.Contains("Forged evidence", why, StringComparison.Ordinal);
            Assert.Contains("No change of history was found", Unwrapped(why), StringComparison.Ordinal);
            Assert.DoesNotContain("history changed", said, StringComparison.Ordinal);

            (code, _, why) = await _buyer.RunAsync("audit", "compare", own, file);
            Assert.Equal(1, code);
            Assert.Contains("Forged evidence", why, StringComparison.Ordinal);
            Assert.DoesNotContain("History changed", why, StringComparison.Ordinal);
        }

        Assert.Equal(0, (await _buyer.RunAsync("audit", "check", "--seen", own)).Code);
        Assert.Equal(0, (await _buyer.RunAsync("audit", "compare", own, own)).Code);
    }

    [Fact]
    public async Task A_check_says_what_it_has_not_looked_at()
    {
        var (code, said, errors) = await _buyer.RunAsync("audit", "check");

        Assert.True(code == 0, errors);
        Assert.Contains("checkpoints that others have kept: none was handed in", Unwrapped(said), StringComparison.Ordinal);
    }

    /// <summary>What was refused was never written.</summary>
    [Fact]
    public async Task An_import_that_failed_leaves_nothing_that_the_check_would_find()
    {
        using var buyer = await _live.AtWorkAsync("buyer");
        ImportRow[] rows =
        [
            .. Enumerable.Range(0, 50).Select(row => new ImportRow
            {
                Sheet = "parts",
                Row = row + 2,
                Part = new()
                {
                    PartNumber = $"failed-{row}", Name = "part", Kind = row == 49 ? "neither" : "made", Unit = "piece",
                },
            }),
        ];
        Assert.False((await buyer.ImportAsync(rows, _live.Deadline)).Stored);

        var (code, _, errors) = await _buyer.RunAsync("audit", "check");

        Assert.True(code == 0, errors);
    }

    [Fact]
    public async Task A_part_is_named_by_its_number_everywhere_and_shown_with_it()
    {
        await _buyer.JsonAsync("part", "register", "bolt", "--number", "B-4711");
        await _buyer.JsonAsync("part", "register", "bolt from outside", "--kind", "bought", "--number", "B-4712");
        await _buyer.JsonAsync("bill", "declare", "B-4711", "B-4712=2");
        await _buyer.JsonAsync("footprint", "declare", "B-4711", "1");
        await _buyer.JsonAsync("trade", "request", "B-4712", "--supplier", "supplier");
        string[][] commands =
        [
            ["part", "list"], ["part", "show", "B-4711"], ["bill", "show", "B-4711"], ["footprint", "show", "B-4711"],
            ["footprint", "history", "B-4711"], ["footprint", "hot-spots", "B-4711"],
            ["footprint", "compare", "B-4711", "--before", "0"], ["trade", "list"], ["audit", "replay", "B-4711"],
            ["footprint", "alternatives", "B-4712"],
        ];

        foreach (var command in commands)
        {
            var (code, said, errors) = await _buyer.RunAsync(command);
            Assert.True(code == 0, $"{string.Join(' ', command)}: {errors}");
            Assert.True(
                said.Contains("B-471", StringComparison.Ordinal) || command[1] is "hot-spots" or "replay",
                $"{string.Join(' ', command)}: {said}");
        }
    }

    [Theory]
    [InlineData("footprint certify x --verifier v --amount RawMaterial=1 --from 31.12.2026x --until 2027-01-01", "--from")]
    [InlineData("audit replay x --as-of yesterday", "--as-of")]
    [InlineData("footprint compare x --before first", "--before")]
    [InlineData("export end-of-life --r1 a --r2 1 --r3 0 --a 0 --ev 1 --erec 1 --erec-eol 1 --ev-replaced 1 --qs-in 1 --qs-out 1 --eer 1 --b 1 --ed 1", "--r1")]
    [InlineData("trade reminders --days soon", "--days")]
    [InlineData("audit verify /nowhere.zip", "does not exist")]
    [InlineData("audit keys supplier -o keys.json", "names no broker")]
    [InlineData("export end-of-life --r1 5 --r2 1 --r3 0 --a 1 --ev 1 --erec 79228162514264337593543950335 --erec-eol 1 --ev-replaced 1 --qs-in 1 --qs-out 1 --eer 1 --b 1 --ed 1", "computed with")]
    [InlineData("keys revoke nothing --since 0001-01-01T00:00:00Z", "NOT_DISCLOSED")]
    [InlineData("audit check --keep /nowhere/checkpoint.txt", "cannot be read or written")]
    public async Task Mistakes_are_told_in_the_words_of_who_made_them(string command, string names)
    {
        var (code, _, errors) = await _buyer.RunAsync(command.Split(' '));

        Assert.NotEqual(0, code);
        Assert.Contains(names, errors, StringComparison.Ordinal);
        MustBeForPeople(errors);
    }

    /// <summary>A file of profiles with a hole in it, which nobody has thought of.</summary>
    [Fact]
    public async Task A_fault_of_the_program_says_what_to_report_and_ends_with_a_code_of_its_own()
    {
        var profiles = FileOf("profiles.json");
        await File.WriteAllTextAsync(profiles, """{"buyer": {"Issuer": null, "Node": "https://127.0.0.1:1"}}""", _live.Deadline);

        var (code, output, errors) = await _buyer.RunAsync("part", "list", "--profiles", profiles);

        Assert.Equal((70, ""), (code, output));
        Assert.Contains("a fault of trace itself", errors, StringComparison.Ordinal);
        MustBeForPeople(errors);
        var report = Unwrapped(errors).Split("with the file ")[1].Split(": it says")[0].Replace(" ", "", StringComparison.Ordinal);
        var text = await File.ReadAllTextAsync(report, _live.Deadline);
        File.Delete(report);
        Assert.Contains("command: trace part list", text, StringComparison.Ordinal);
        Assert.Contains("Exception", text, StringComparison.Ordinal);
        Assert.DoesNotContain("profiles.json", text, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static void MustBeForPeople(string text)
    {
        foreach (var never in new[] { "System.", "Exception", "   at ", "00:00:00 +", "Traceability." })
        {
            Assert.DoesNotContain(never, text, StringComparison.Ordinal);
        }
    }

    private string FileOf(string name) => Path.Combine(_folder, name);

    /// <summary>Lines that were broken to fit a window are one.</summary>
    private static string Unwrapped(string text) =>
        string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    private async Task KeepAsync(CommandLine company, string file)
    {
        await Wait.UntilAsync(
            async () =>
            {
                await company.RunAsync("audit", "check", "--keep", file);
                return File.Exists(file);
            },
            _live.Deadline);
    }

    private async Task ExportAsync(CompanyAtWork company, string part, long version, string file)
    {
        using var export = new AuditService.AuditServiceClient(company.Channel).ExportBundle(
            new() { TraceId = part, Version = version }, company.Call);
        await using var bytes = File.Create(file);
        while (await export.ResponseStream.MoveNext(_live.Deadline))
        {
            export.ResponseStream.Current.Chunk.WriteTo(bytes);
        }
    }
}

/// <summary>A supplier and a buyer with a total, and its evidence.</summary>
public sealed class EvidenceFederation() : ClassFederation([new("supplier", "one"), new("buyer", "two")])
{
    public byte[] Bundle { get; private set; } = [];

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        using var supplier = await Live.AtWorkAsync("supplier");
        using var buyer = await Live.AtWorkAsync("buyer");
        var delivery = await supplier.DeliverAsync(buyer, "3", Live.Deadline);
        var parent = await buyer.RegisterAsync("parent", PartKind.Made);
        await buyer.ContainsAsync(parent, delivery.Bought, "1");
        await buyer.DeclareAsync(parent, "1");
        await buyer.WaitForTotalAsync(parent, "4", Live.Deadline);
        Bundle = await buyer.BundleAsync(parent, Live.Deadline);
    }
}
