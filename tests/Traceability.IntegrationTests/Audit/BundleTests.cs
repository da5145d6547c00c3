using System.IO.Compression;
using System.Text;
using Traceability.Contracts.Node.V1;
using Traceability.Evidence;
using Traceability.IntegrationTests.Harness;
using Traceability.Proofs;
using Xunit;

namespace Traceability.IntegrationTests.Audit;

/// <summary>Evidence in one file, made by a live node and checked without it.</summary>
public sealed class BundleTests(BundleFederation federation) : IClassFixture<BundleFederation>
{
    private readonly byte[] _bundle = federation.Bundle;

    [Fact]
    public async Task A_bundle_holds_without_any_server()
    {
        foreach (var server in new[] { "node-one", "node-two", "broker" })
        {
            await federation.Live.Processes.StopAsync(server);
        }

        var report = BundleVerifier.Verify(AuditBundle.FromZip(_bundle));

        Assert.True(report.Good, string.Join("; ", report.Checks));
        Assert.Equal("11", report.Total);
        Assert.Contains(report.Checks, check => check.Detail == "1 statements");
        Assert.Contains("11 kg CO2e, key", string.Join(";", report.Checks), StringComparison.Ordinal);
    }

    /// <summary>The verifier judges as the receiver of a statement does: by when the key was valid.</summary>
    [Theory]
    [InlineData("revoked before it was signed")]
    [InlineData("valid only after it was signed")]
    [InlineData("another company's")]
    public void A_statement_under_a_key_that_was_not_valid_then_is_not_believed(string key)
    {
        var bundle = AuditBundle.FromZip(_bundle);
        var now = TimeProvider.System.GetUtcNow();
        var changed = bundle with
        {
            Manifest = bundle.Manifest with
            {
                Keys =
                [
                    .. bundle.Manifest.Keys.Select(one => key switch
                    {
                        "revoked before it was signed" => one with { ValidUntil = now.AddHours(-1) },
                        "valid only after it was signed" => one with { ValidFrom = now.AddHours(1) },
                        _ => one with { OperatorId = new(Guid.CreateVersion7()) },
                    }),
                ],
            },
        };

        Assert.True(BundleVerifier.Verify(bundle).Good);
        Assert.False(BundleVerifier.Verify(changed).Good);
    }

    [Fact]
    public void Whatever_is_changed_in_a_bundle_is_found()
    {
        var random = new Random(1);
        var whole = AuditBundle.FromZip(_bundle);
        List<string> unnoticed = [];
        for (var time = 0; time < 200; time++)
        {
            var index = random.Next(whole.Events.Count);
            var changed = Change(whole, index, random.Next(7));
            if (BundleVerifier.Verify(changed).Good)
            {
                unnoticed.Add($"{whole.Events[index].Event}");
            }
        }

        Assert.Empty(unnoticed);
    }

    [Fact]
    public void Rubbish_is_no_bundle()
    {
        Assert.Throws<ProofException>(() => AuditBundle.FromZip(Encoding.UTF8.GetBytes("rubbish")));
        using var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            zip.CreateEntry("manifest.json");
        }

        Assert.Throws<ProofException>(() => AuditBundle.FromZip(bytes.ToArray()));
        Assert.Throws<ProofException>(() => AuditBundle.FromZip(_bundle[..(_bundle.Length / 2)]));
    }

    private static AuditBundle Change(AuditBundle bundle, int index, int kind)
    {
        var victim = bundle.Events[index];
        var events = bundle.Events.ToList();
        switch (kind)
        {
            case 0:
                events[index] = victim with { Event = victim.Event with { Data = victim.Event.Data.Replace("2", "4", StringComparison.Ordinal) } };
                break;
            case 1:
                events[index] = victim with { Event = victim.Event with { By = "somebody else" } };
                break;
            case 2:
                events[index] = victim with { Event = victim.Event with { Time = victim.Event.Time.AddDays(-1) } };
                break;
            case 3:
                events[index] = victim with { Salt = null, Event = victim.Event with { Type = "part_forgotten" } };
                break;
            case 4:
                return bundle with { Checkpoint = bundle.Checkpoint.Replace("\n", "\n ", StringComparison.Ordinal) };
            case 5:
                return bundle with { Manifest = bundle.Manifest with { PartRef = "other" } };
            default:
                events[index] = victim with { Index = victim.Index + 1 };
                break;
        }

        return bundle with { Events = events };
    }
}

/// <summary>A supplier, a maker and its customer, and what the maker hands out about its module.</summary>
public sealed class BundleFederation()
    : ClassFederation([new("supplier", "one"), new("maker", "two"), new("customer", "two")])
{
    public byte[] Bundle { get; private set; } = [];

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        using var supplier = await Live.AtWorkAsync("supplier");
        using var maker = await Live.AtWorkAsync("maker");
        using var customer = await Live.AtWorkAsync("customer");
        var (cell, bought) = (
            await supplier.RegisterAsync("cell", PartKind.Made), await maker.RegisterAsync("cell", PartKind.Bought));
        var (module, pack) = (
            await maker.RegisterAsync("module", PartKind.Made), await customer.RegisterAsync("module", PartKind.Bought));
        await supplier.DeclareAsync(cell, "3");
        await maker.ContainsAsync(module, bought, "2");
        await maker.DeclareAsync(module, "5");
        await supplier.AnswerAsync(await maker.RequestAsync(supplier.Company, bought, ""), cell, Live.Deadline);
        await maker.WaitForTotalAsync(module, "11", Live.Deadline);
        await maker.AnswerAsync(await customer.RequestAsync(maker.Company, pack, ""), module, Live.Deadline);
        await customer.WaitForTotalAsync(pack, "11", Live.Deadline);
        Bundle = await maker.BundleAsync(module, Live.Deadline);
    }
}
