using System.Globalization;
using System.Text.RegularExpressions;

namespace Traceability.Local.PostgreSql;

/// <summary>Finds the programs of a PostgreSQL server on this machine.</summary>
public static partial class PostgresBinaries
{
    /// <summary>Names the folder when the usual places do not hold it.</summary>
    public const string Variable = "TRACEABILITY_PG_BIN";

    /// <summary>Where a machine may have them; the same, in the same order, as in deploy/setup.sh.</summary>
    internal static readonly IReadOnlyList<string> UsualPlaces =
    [
        "/usr/lib/postgresql/*/bin",
        "/usr/pgsql-*/bin",
        "/opt/homebrew/opt/postgresql*/bin",
        "/usr/local/opt/postgresql*/bin",
        "/Library/PostgreSQL/*/bin",
    ];

    /// <summary>Where deploy/setup.sh puts what it downloads.</summary>
    private static string Downloads => Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../../postgres"));

    /// <summary>The folder that holds initdb and postgres.</summary>
    public static string Find() => Find(
        Environment.GetEnvironmentVariable(Variable),
        UsualPlaces,
        Environment.GetEnvironmentVariable("PATH") ?? "",
        Downloads);

    /// <param name="named">The folder to take, whatever else there is.</param>
    /// <param name="usual">Folders to look into first, with an asterisk for what depends on the version.</param>
    /// <param name="path">Folders to look into next.</param>
    /// <param name="downloads">Has a folder per version, to be taken where the machine itself has none.</param>
    internal static string Find(string? named, IEnumerable<string> usual, string path, string downloads)
    {
        if (!string.IsNullOrEmpty(named))
        {
            return HoldsServer(named)
                ? named
                : throw new FileNotFoundException($"{Variable} is {named}, but there is no initdb and postgres in it.");
        }

        return usual.SelectMany(Newest)
            .Concat(path.Split(Path.PathSeparator).Select(Resolve))
            .Concat(Newest(Path.Combine(downloads, "*", "bin")))
            .FirstOrDefault(HoldsServer)
            ?? throw new FileNotFoundException(
                "No PostgreSQL server found. Install one (apt-get install postgresql), or set "
                + $"{Variable} to the folder of initdb.");
    }

    /// <summary>The folders of a place, newest version first.</summary>
    private static IEnumerable<string> Newest(string place)
    {
        var versions = Path.GetDirectoryName(place)!;
        var parent = Path.GetDirectoryName(versions)!;
        return Directory.Exists(parent)
            ? Directory.EnumerateDirectories(parent, Path.GetFileName(versions))
                .OrderByDescending(VersionOf)
                .Select(folder => Path.Combine(folder, Path.GetFileName(place)))
            : [];
    }

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
