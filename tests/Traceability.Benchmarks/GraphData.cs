namespace Traceability.Benchmarks;

/// <summary>
/// A random bill of materials as flat arrays: parts in levels, lines only to the levels below, so that children come
/// first. Always the same for the same size.
/// </summary>
internal sealed record GraphData(
    int Parts, int Levels, int[] Parent, int[] Child, decimal[] Quantity, decimal[] Own)
{
    public int Level(int part) => (int)((long)part * Levels / Parts);

    public static GraphData Random(int parts, int linesPerPart, int levels, int stages)
    {
        var random = new Random(1);
        var lines = parts * linesPerPart;
        var data = new GraphData(
            parts, levels, new int[lines], new int[lines], new decimal[lines], new decimal[parts * stages]);
        for (var line = 0; line < lines; line++)
        {
            // Parents of the lowest level have no lines of their own: theirs go to others.
            var parent = Math.Max(line / linesPerPart, (parts / levels) + random.Next(parts - (parts / levels)));
            data.Parent[line] = parent;
        }

        Array.Sort(data.Parent);
        for (var line = 0; line < lines; line++)
        {
            var below = data.Level(data.Parent[line]) * (long)parts / levels;
            data.Child[line] = (int)random.NextInt64(below);
            data.Quantity[line] = random.Next(1, 400) / 1000m;
        }

        for (var index = 0; index < data.Own.Length; index++)
        {
            data.Own[index] = random.Next(0, 1_000_000) / 10_000m;
        }

        return data;
    }

    public GraphData Copy() => this with
    {
        Parent = (int[])Parent.Clone(),
        Child = (int[])Child.Clone(),
        Quantity = (decimal[])Quantity.Clone(),
        Own = [.. Own, .. Own],
    };
}
