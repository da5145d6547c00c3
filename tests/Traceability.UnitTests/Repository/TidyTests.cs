using Xunit;

namespace Traceability.UnitTests.Repository;

/// <summary>The enforceable half of docs/STYLE.md. Each ban says what to use instead.</summary>
public class TidyTests
{
    private static readonly (string Banned, string Instead)[] Bans =
    [
        ("DateTime.UtcNow", "an injected TimeProvider"),
        ("DateTimeOffset.UtcNow", "an injected TimeProvider"),
        ("DateTime.Now", "an injected TimeProvider"),
        ("Guid.NewGuid(", "Guid.CreateVersion7()"),
        (".GetAwaiter().GetResult()", "await"),
        ("throw new Exception(", "RefusedException, or a type of its own"),
        ("#region", "a smaller file"),
        ("NotImplementedException", "the implementation, or nothing"),
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

    private static IEnumerable<string> Faults(string line) =>
    [
        .. Bans.Where(b => line.Contains(b.Banned, StringComparison.Ordinal)).Select(b => $"use {b.Instead}, not {b.Banned}"),
        .. line.Length > 120 ? ["line longer than 120"] : Array.Empty<string>(),
    ];
}
