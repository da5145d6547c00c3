namespace Traceability.IntegrationTests.Harness;

/// <summary>The programs that were built beside the tests, each in its own folder.</summary>
internal static class Programs
{
    public static string PathOf(string project, string assembly) => Path.GetFullPath(Path.Combine(
        AppContext.BaseDirectory,
        "..",
        "..",
        project,
        Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory)),
        assembly));
}
