using System.Runtime.CompilerServices;
using Traceability.Local.PostgreSql;
using Xunit;

namespace Traceability.IntegrationTests.Deploy;

/// <summary>Which PostgreSQL is taken; deploy/setup.sh must come to the same answer.</summary>
public sealed class PostgresBinariesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("traceability-test-").FullName;

    [Fact]
    public void The_machines_own_comes_before_the_path_and_that_before_what_was_downloaded()
    {
        var old = Server("usual", "pg-9.6");
        var (own, onPath, downloaded) = (Server("usual", "pg-15"), Server("other"), Server("downloads", "18.4.0-beta.17"));
        Server("downloads", "15.18.0-beta.17");

        Assert.Equal(own, Find());
        Delete(own);
        Assert.Equal(old, Find());
        Delete(old);
        Assert.Equal(onPath, Find());
        Delete(onPath);
        Assert.Equal(downloaded, Find());
    }

    [Fact]
    public void A_folder_that_is_named_is_the_one_and_must_hold_a_server()
    {
        var named = Server("named");
        Server("usual", "pg-15");

        Assert.Equal(named, Find(named));
        File.Delete(Path.Combine(named, "postgres"));
        Assert.Contains(named, Assert.Throws<FileNotFoundException>(() => Find(named)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Where_there_is_none_it_is_told_what_to_do() =>
        Assert.Contains(
            PostgresBinaries.Variable, Assert.Throws<FileNotFoundException>(() => Find()).Message, StringComparison.Ordinal);

    [Fact]
    public void The_scripts_look_in_the_same_places_in_the_same_order()
    {
        var lines = File.ReadAllLines(SetupFile());
        var start = Array.IndexOf(lines, "postgres_places=(");

        Assert.True(start > 0);
        Assert.Equal(
            PostgresBinaries.UsualPlaces,
            lines.Skip(start + 1).TakeWhile(line => line != ")").Select(line => line.Trim().Trim('\'')));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static string SetupFile([CallerFilePath] string file = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, "..", "..", "..", "deploy", "setup.sh"));

    private static void Delete(string server) => Directory.Delete(Path.GetDirectoryName(server)!, recursive: true);

    private string Find(string? named = null) => PostgresBinaries.Find(
        named,
        [Path.Combine(_folder, "usual", "pg-*", "bin"), Path.Combine(_folder, "nowhere", "*", "bin")],
        string.Join(Path.PathSeparator, "", Path.Combine(_folder, "other", "bin")),
        Path.Combine(_folder, "downloads"));

    private string Server(params string[] folders)
    {
        var folder = Path.Combine([_folder, .. folders, "bin"]);
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "initdb"), "");
        File.WriteAllText(Path.Combine(folder, "postgres"), "");
        return folder;
    }
}
