using System.Numerics;

namespace Traceability.Domain.Footprints.RollUp;

/// <summary>
/// total = own + sum over lines of quantity x child's total, for a row of columns per part, and for marks: a mark of
/// any input is a mark of the part. Exact decimals, always added in the order of the lines, so that the result
/// depends on nothing but the data.
/// </summary>
public sealed class RollUpTotals(RollUpGraph graph, int columns)
{
    /// <summary>The mark of a part whose sum has more digits than a decimal holds: it has no total.</summary>
    public const ulong Overflow = 1ul << 63;

    private const int WordBits = 64;

    private readonly decimal[] _own = new decimal[graph.Parts * columns];
    private readonly decimal[] _total = new decimal[graph.Parts * columns];
    private readonly ulong[] _ownMarks = new ulong[graph.Parts];
    private readonly ulong[] _marks = new ulong[graph.Parts];

    /// <summary>Parts that are still to be rolled up in an update, one bit per rank; empty between updates.</summary>
    private readonly ulong[] _open = new ulong[(graph.Parts / WordBits) + 1];
    private readonly decimal[] _before = new decimal[columns];

    public RollUpGraph Graph => graph;

    /// <summary>What a part adds itself.</summary>
    public Span<decimal> Own(int part) => _own.AsSpan(part * columns, columns);

    public ref ulong OwnMarks(int part) => ref _ownMarks[part];

    public ReadOnlySpan<decimal> Total(int part) => _total.AsSpan(part * columns, columns);

    /// <summary>Sets what stood before, for a part that an update is to be compared with.</summary>
    public void Restore(int part, ReadOnlySpan<decimal> total, ulong marks)
    {
        total.CopyTo(_total.AsSpan(part * columns, columns));
        _marks[part] = marks;
    }

    public ulong Marks(int part) => _marks[part];

    /// <summary>Rolls up everything.</summary>
    public void RollUp()
    {
        foreach (var part in graph.ChildrenFirst)
        {
            Add(part);
        }
    }

    /// <summary>
    /// Rolls up parts whose own figures have changed, and those above them that change by it; nothing else is touched.
    /// </summary>
    /// <param name="changed">The parts, in any order.</param>
    /// <param name="visit">
    /// Told each part that was rolled up, children first; false if it stays as it stood, for the parts above it, too.
    /// Without it, a part whose sum is the same ends the way up.
    /// </param>
    /// <returns>How many parts were rolled up.</returns>
    public int Update(IEnumerable<int> changed, Func<int, bool>? visit = null)
    {
        var (first, touched) = (int.MaxValue, 0);
        foreach (var part in changed)
        {
            Open(graph.RankOf(part));
        }

        // In order of rank every part comes after those that go into it; parts above are only ever opened further on.
        for (var word = first / WordBits; word < _open.Length; word++)
        {
            while (_open[word] != 0)
            {
                var bit = BitOperations.TrailingZeroCount(_open[word]);
                _open[word] &= _open[word] - 1;
                touched++;
                if (IsNews(graph.ChildrenFirst[(word * WordBits) + bit], visit))
                {
                    foreach (var parent in graph.ParentsOf(graph.ChildrenFirst[(word * WordBits) + bit]))
                    {
                        Open(graph.RankOf(parent));
                    }
                }
            }
        }

        return touched;

        void Open(int rank)
        {
            first = Math.Min(first, rank);
            _open[rank / WordBits] |= 1ul << rank;
        }
    }

    private bool IsNews(int part, Func<int, bool>? visit)
    {
        var total = _total.AsSpan(part * columns, columns);
        total.CopyTo(_before);
        var marks = _marks[part];
        Add(part);
        if (visit is null)
        {
            return marks != _marks[part] || !total.SequenceEqual(_before);
        }

        if (visit(part))
        {
            return true;
        }

        Restore(part, _before, marks);
        return false;
    }

    private void Add(int part)
    {
        try
        {
            AddLines(part);
        }
        catch (OverflowException)
        {
            Restore(part, new decimal[columns], Overflow);
        }
    }

    private void AddLines(int part)
    {
        var total = _total.AsSpan(part * columns, columns);
        _own.AsSpan(part * columns, columns).CopyTo(total);
        var marks = _ownMarks[part];
        var children = graph.ChildrenOf(part);
        var quantities = graph.QuantitiesOf(part);
        for (var line = 0; line < children.Length; line++)
        {
            var child = _total.AsSpan(children[line] * columns, columns);
            var quantity = quantities[line];
            for (var column = 0; column < total.Length; column++)
            {
                total[column] += quantity * child[column];
            }

            marks |= _marks[children[line]];
        }

        _marks[part] = marks;
    }
}
