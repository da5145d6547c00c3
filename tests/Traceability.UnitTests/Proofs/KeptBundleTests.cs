using System.Runtime.CompilerServices;
using Traceability.Domain;
using Traceability.Evidence;
using Xunit;

namespace Traceability.UnitTests.Proofs;

/// <summary>Evidence outlives the program that made it: bundles of every format are kept in tests/cases/bundles.</summary>
public class KeptBundleTests
{
    [Fact]
    public void A_bundle_that_was_made_by_an_earlier_version_still_holds()
    {
        var bundle = AuditBundle.FromZip(File.ReadAllBytes(Path.Combine(Cases, "bundles", "vehicle-format-1.zip")));

        var report = BundleVerifier.Verify(bundle);

        Assert.True(report.Good, string.Join("; ", report.Checks));
        Assert.Equal("12775.5522432", report.Total);
    }

    [Fact]
    public void Every_pinned_event_is_found_by_its_name() => Assert.All(
        Directory.EnumerateFiles(Path.Combine(Cases, "events"), "*.json"),
        file => Assert.Equal(
            typeof(EventJson).Assembly, EventNames.Find(Path.GetFileName(file).Split('.')[0])?.Assembly));

    private static string Cases { get; } = Path.GetFullPath(Path.Combine(SourceFolder(), "..", "..", "cases"));

    private static string SourceFolder([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;
}
