using Traceability.Tests;
using Xunit;

namespace Traceability.UnitTests.Repository;

/// <summary>
/// The part of docs/STYLE.md that a compiler does not see. What must not be called stands in BannedSymbols.txt.
/// </summary>
public class TidyTests
{
    private static readonly (string Banned, string Instead)[] Bans =
    [
        ("#region", "a smaller file"),
        ("TODO", "an issue"),
    ];

    [Fact]
    public void Source_files_follow_the_style_guide()
    {
        var faults =
            from file in RepositoryFiles.Matching("src", "*.cs")
            from line in File.ReadLines(file).Index()
            from fault in Faults(line.Item)
            select $"{Path.GetRelativePath(RepositoryFiles.Root, file)}:{line.Index + 1}: {fault}";

        Assert.Empty(faults);
    }

    /// <summary>Everybody else finds the provider's endpoints through discovery.</summary>
    [Fact]
    public void Nobody_but_the_provider_knows_its_paths() => Assert.Empty(
        from file in RepositoryFiles.Matching("src", "*.cs")
        where !file.Contains("Traceability.Identity/", StringComparison.Ordinal)
        from line in File.ReadLines(file)
        where line.Contains("\"/identity/", StringComparison.Ordinal)
            || line.Contains("/token\"", StringComparison.Ordinal)
            || line.Contains("connect/", StringComparison.Ordinal)
        select $"{Path.GetRelativePath(RepositoryFiles.Root, file)}: {line.Trim()}");

    private static IEnumerable<string> Faults(string line) =>
    [
        .. Bans.Where(b => line.Contains(b.Banned, StringComparison.Ordinal)).Select(b => $"use {b.Instead}, not {b.Banned}"),
        .. line.Length > 120 ? ["line longer than 120"] : Array.Empty<string>(),
    ];
}
