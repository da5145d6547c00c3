using System.Globalization;
using System.Text.RegularExpressions;

namespace Traceability.Local.PostgreSql;

/// <summary>Finds the programs of a PostgreSQL server on this machine.</summary>
public static partial class PostgresBinaries
{
    /// <summary>Names the folder when the usual places do not hold it.</summary>
    public const string Variable = "TRACEABILITY_PG_BIN";

    private static readonly (string Parent, string Pattern)[] UsualPlaces =
    [
        ("/usr/lib/postgresql", "*"),
        ("/usr", "pgsql-*"),
        ("/opt/homebrew/opt", "postgresql*"),
        ("/usr/local/opt", "postgresql*"),
        ("/Library/PostgreSQL", "*"),
    ];

    /// <summary>The folder that holds initdb and postgres.</summary>
    public static string Find() => Find(
        Environment.GetEnvironmentVariable(Variable), Environment.GetEnvironmentVariable("PATH") ?? "");

    internal static string Find(string? named, string path)
    {
        if (!string.IsNullOrEmpty(named))
        {
            return HoldsServer(named)
                ? named
                : throw new FileNotFoundException($"{Variable} is {named}, but there is no initdb and postgres in it.");
        }

        return InUsualPlaces().Concat(path.Split(Path.PathSeparator).Select(Resolve)).FirstOrDefault(HoldsServer)
            ?? throw new FileNotFoundException(
                "No PostgreSQL server found. Install one (apt-get install postgresql), or set "
                + $"{Variable} to the folder of initdb.");
    }

    private static IEnumerable<string> InUsualPlaces() =>
        from place in UsualPlaces
        where Directory.Exists(place.Parent)
        from folder in Directory.EnumerateDirectories(place.Parent, place.Pattern)
        orderby VersionOf(folder) descending
        select Path.Combine(folder, "bin");

    /// <summary>initdb looks for its other files beside its real self.</summary>
    private static string Resolve(string folder)
    {
        var initdb = new FileInfo(Path.Combine(folder, "initdb"));
        return initdb.Exists && initdb.ResolveLinkTarget(returnFinalTarget: true) is { } target
            ? Path.GetDirectoryName(target.FullName)!
            : folder;
    }

    private static bool HoldsServer(string folder) =>
        folder.Length > 0
        && File.Exists(Path.Combine(folder, "initdb"))
        && File.Exists(Path.Combine(folder, "postgres"));

    private static decimal VersionOf(string folder)
    {
        var text = Version().Match(Path.GetFileName(folder)).Value;
        return decimal.TryParse(text, NumberStyles.Number, CultureInfo.InvariantCulture, out var version) ? version : 0;
    }

    [GeneratedRegex(@"\d+(\.\d+)?")]
    private static partial Regex Version();
}
